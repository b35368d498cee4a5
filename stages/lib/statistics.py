"""Intervals, tests and effect sizes; everything in float64."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

_CHUNK = 256  # bootstrap samples at a time; bounds memory


class Interval(NamedTuple):
    """An estimate and its 95% interval."""

    estimate: float
    low: float
    high: float


def bootstrap_means(
    values: NDArray[np.float64], *, samples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Means over resampled rows (Efron's bootstrap), all columns resampled together.

    Args:
        values: (N, M); rows are drawn with replacement. NaN is left out of its column's mean.
        samples: Number of resamplings.
        generator: Source of randomness.

    Returns:
        (samples, M); NaN where a resampling holds no defined value.
    """
    count = len(values)
    valid = np.isfinite(values)
    filled = np.where(valid, values, 0.0)
    complete = bool(valid.all())
    means = np.empty((samples, values.shape[1]))
    for start in range(0, samples, _CHUNK):
        size = min(_CHUNK, samples - start)
        drawn = generator.integers(0, count, (size, count)) + count * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        weights = weights.astype(np.float64)
        totals = weights @ filled
        sizes = np.float64(count) if complete else weights @ valid.astype(np.float64)
        with np.errstate(invalid="ignore"):
            means[start : start + size] = totals / sizes
    return means


def percentile_interval(replicates: NDArray[np.float64]) -> NDArray[np.float64]:
    """2.5% and 97.5% quantiles of bootstrap replicates (samples, M); shape (2, M).

    NaN replicates are left out; a column of nothing else has the interval NaN.
    """
    low_high = np.full((2, replicates.shape[1]), np.nan)
    defined = ~np.isnan(replicates).all(axis=0)
    low_high[:, defined] = np.nanquantile(replicates[:, defined], [0.025, 0.975], axis=0)
    return low_high


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
    test = stats.mannwhitneyu(a, b, method="asymptotic")
    return MannWhitney(float(test.pvalue), float(2 * test.statistic / (a.size * b.size) - 1))


def delong_auroc(novel: NDArray[np.bool_], score: NDArray[np.float64]) -> Interval:
    """Area under the ROC curve with DeLong's 95% interval (DeLong et al. 1988).

    Args:
        novel: (N,) bool, True = novel, the positive class.
        score: (N,) higher = more novel; ties count one half.

    Returns:
        AUROC and interval, cut to [0, 1]; NaN if one of the classes has fewer than two images.
    """
    positive = np.asarray(score, np.float64)[novel]
    negative = np.asarray(score, np.float64)[~novel]
    m, n = positive.size, negative.size
    if m < 2 or n < 2:
        return Interval(np.nan, np.nan, np.nan)
    pooled = stats.rankdata(np.concatenate([positive, negative]))
    # Share of the other class that each image beats, by midranks (Sun & Xu 2014).
    positive_beats = (pooled[:m] - stats.rankdata(positive)) / n
    negative_beats = 1 - (pooled[m:] - stats.rankdata(negative)) / m
    auroc = float(positive_beats.mean())
    variance = positive_beats.var(ddof=1) / m + negative_beats.var(ddof=1) / n
    half_width = float(stats.norm.ppf(0.975) * np.sqrt(variance))
    return Interval(auroc, max(0.0, auroc - half_width), min(1.0, auroc + half_width))
