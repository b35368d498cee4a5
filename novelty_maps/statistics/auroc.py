"""The area under the ROC curve."""

import numpy as np
import scipy  # its stats, which take a second to load, come when they are first used
from numpy.typing import NDArray

from novelty_maps.statistics.groups import group_numbers, shared
from novelty_maps.statistics.intervals import Interval


def delong_auroc(
    novel: NDArray[np.bool_],
    score: NDArray[np.float64],
    groups: NDArray[np.int64] | None = None,
) -> Interval:
    """Area under the ROC curve with DeLong's 95% interval, that of `auroc_and_variance`.

    Arguments are as there.

    Returns:
        AUROC and interval, cut to [0, 1]; NaN as there.
    """
    auroc, variance = auroc_and_variance(novel, score, groups)
    half_width = float(scipy.stats.norm.ppf(0.975) * np.sqrt(variance))
    if np.isnan(half_width):
        return Interval(auroc, np.nan, np.nan)
    return Interval(auroc, max(0.0, auroc - half_width), min(1.0, auroc + half_width))


def auroc_and_variance(
    novel: NDArray[np.bool_],
    score: NDArray[np.float64],
    groups: NDArray[np.int64] | None = None,
) -> tuple[float, float]:
    """Area under the ROC curve and its variance over new images (DeLong et al. 1988).

    With groups it is that of Obuchowski (1997, Biometrics 53, 567) for clustered data, which is
    DeLong's where each image is a group of its own. A group may hold images of both classes.

    Args:
        novel: (N,) bool, True = novel, the positive class.
        score: (N,) higher = more novel; ties count one half.
        groups: (N,) the group of each image.

    Returns:
        AUROC and variance; NaN if a class has no image, the variance if it has one, or one group.
    """
    positive = np.asarray(score, np.float64)[novel]
    negative = np.asarray(score, np.float64)[~novel]
    m, n = positive.size, negative.size
    if not m or not n:
        return np.nan, np.nan
    pooled = scipy.stats.rankdata(np.concatenate([positive, negative]))
    # Share of the other class that each image beats, by midranks (Sun & Xu 2014).
    positive_beats = (pooled[:m] - scipy.stats.rankdata(positive)) / n
    negative_beats = 1 - (pooled[m:] - scipy.stats.rankdata(negative)) / m
    auroc = float(positive_beats.mean())
    member = group_numbers(groups, m + n)
    if min(np.unique(member[kind]).size for kind in (novel, ~novel)) < 2:
        return auroc, np.nan
    variance = positive_beats.var(ddof=1) / m + negative_beats.var(ddof=1) / n
    if shared(groups, m + n) is not None:
        variance = _clustered_variance(
            (member[novel], positive_beats - auroc), (member[~novel], negative_beats - auroc)
        )
    return auroc, float(variance)


def _clustered_variance(*kinds: tuple[NDArray[np.intp], NDArray[np.float64]]) -> float:
    """Obuchowski's variance of the AUROC.

    Args:
        *kinds: Of novel and of normal images the group of each, and how much the share of the
            other class that it beats exceeds the AUROC.
    """
    count = 1 + max(int(member.max()) for member, _ in kinds)
    sums = np.stack(
        [np.bincount(member, excess, minlength=count) / excess.size for member, excess in kinds]
    )
    groups = np.array([np.unique(member).size for member, _ in kinds])
    of_kinds = (groups / (groups - 1) * (sums**2).sum(axis=1)).sum()
    of_both = 2 * count / (count - 1) * (sums[0] * sums[1]).sum()
    return max(0.0, float(of_kinds + of_both))
