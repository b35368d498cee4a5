"""Tests of ranks, which assume no distribution, with effect sizes, and their correction."""

from typing import NamedTuple

import numpy as np
import scipy  # its stats, which take a second to load, come when they are first used
from numpy.typing import ArrayLike, NDArray


class MannWhitney(NamedTuple):
    """Two-sided Mann-Whitney test of two samples.

    Attributes:
        p_value: Asymptotic, corrected for ties.
        effect_size: Rank-biserial correlation P(first > second) − P(first < second), in [−1, 1].
    """

    p_value: float
    effect_size: float


def mann_whitney(first: ArrayLike, second: ArrayLike) -> MannWhitney:
    """Test whether values of `first` tend to be larger or smaller than those of `second`.

    NaN is left out. With an empty sample or a single common value both results are NaN or, for
    the effect size of equal values, 0.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if not a.size or not b.size:
        return MannWhitney(np.nan, np.nan)
    if np.ptp(np.concatenate([a, b])) == 0:
        return MannWhitney(np.nan, 0.0)
    test = scipy.stats.mannwhitneyu(a, b, method="asymptotic")
    return MannWhitney(float(test.pvalue), float(2 * test.statistic / (a.size * b.size) - 1))


class SignedRank(NamedTuple):
    """Wilcoxon's signed-rank test of paired differences, two-sided.

    Attributes:
        p_value: Asymptotic; 1 where no difference is other than 0.
        effect_size: Matched-pairs rank-biserial correlation (Kerby 2014), in [−1, 1]: the share of
            the rank sum that favours positive differences less that which favours negative ones.
    """

    p_value: float
    effect_size: float


def signed_rank(differences: ArrayLike) -> SignedRank:
    """Test whether paired differences tend to be above or below 0; zeros and NaN are left out."""
    values = np.asarray(differences, np.float64)
    values = values[~np.isnan(values) & (values != 0)]
    if not values.size:
        return SignedRank(1.0, 0.0)
    test = scipy.stats.wilcoxon(values, method="asymptotic")
    ranks = scipy.stats.rankdata(np.abs(values))
    return SignedRank(float(test.pvalue), float((np.sign(values) * ranks).sum() / ranks.sum()))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values adjusted for their number by Holm's step-down method (Holm 1979); NaN stays NaN."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)  # NaN comes last
    count = int((~np.isnan(p)).sum())
    adjusted = np.full(p.shape, np.nan)
    factors = np.arange(count, 0, -1)
    stepped = np.maximum.accumulate(p[order[:count]] * factors)
    adjusted[order[:count]] = np.minimum(stepped, 1)
    return adjusted
