"""Intervals, tests and effect sizes; everything in float64."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy  # its stats, which take a second to load, come when they are first used
from numpy.typing import ArrayLike, NDArray

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
        (samples, M); NaN where a resampling holds no defined value, or a column fewer than two.
    """
    count = len(values)
    valid = np.isfinite(values)
    filled = np.where(valid, values, 0.0)
    means = np.empty((samples, values.shape[1]))
    for start in range(0, samples, _CHUNK):
        size = min(_CHUNK, samples - start)
        drawn = generator.integers(0, count, (size, count)) + count * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        weights = weights.astype(np.float64)
        totals = weights @ filled
        sizes = np.float64(count) if valid.all() else weights @ valid.astype(np.float64)
        with np.errstate(invalid="ignore"):
            means[start : start + size] = totals / sizes
    means[:, valid.sum(axis=0) < 2] = np.nan
    return means


def percentile_interval(replicates: NDArray[np.float64]) -> NDArray[np.float64]:
    """2.5% and 97.5% quantiles of bootstrap replicates (samples, M); shape (2, M).

    NaN replicates are left out; a column of nothing else has the interval NaN.
    """
    low_high = np.full((2, replicates.shape[1]), np.nan)
    defined = ~np.isnan(replicates).all(axis=0)
    low_high[:, defined] = np.nanquantile(replicates[:, defined], [0.025, 0.975], axis=0)
    return low_high


def bootstrap_interval(
    values: NDArray[np.float64], *, samples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Ends of the 95% interval of the mean of each column, (2, M), by `bootstrap_means`."""
    return percentile_interval(bootstrap_means(values, samples=samples, generator=generator))


def with_ends(estimate: float, ends: NDArray[np.float64]) -> dict[str, float]:
    """An estimate and the (2,) ends of its interval under the keys estimate, low and high."""
    return Interval(float(estimate), float(ends[0]), float(ends[1]))._asdict()


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


def delong_auroc(novel: NDArray[np.bool_], score: NDArray[np.float64]) -> Interval:
    """Area under the ROC curve with DeLong's 95% interval (DeLong et al. 1988).

    Args:
        novel: (N,) bool, True = novel, the positive class.
        score: (N,) higher = more novel; ties count one half.

    Returns:
        AUROC and interval, cut to [0, 1]; NaN if a class has no image, the interval if it has one.
    """
    positive = np.asarray(score, np.float64)[novel]
    negative = np.asarray(score, np.float64)[~novel]
    m, n = positive.size, negative.size
    if not m or not n:
        return Interval(np.nan, np.nan, np.nan)
    pooled = scipy.stats.rankdata(np.concatenate([positive, negative]))
    # Share of the other class that each image beats, by midranks (Sun & Xu 2014).
    positive_beats = (pooled[:m] - scipy.stats.rankdata(positive)) / n
    negative_beats = 1 - (pooled[m:] - scipy.stats.rankdata(negative)) / m
    auroc = float(positive_beats.mean())
    if m < 2 or n < 2:
        return Interval(auroc, np.nan, np.nan)
    variance = positive_beats.var(ddof=1) / m + negative_beats.var(ddof=1) / n
    half_width = float(scipy.stats.norm.ppf(0.975) * np.sqrt(variance))
    return Interval(auroc, max(0.0, auroc - half_width), min(1.0, auroc + half_width))


def spearman(x: ArrayLike, y: ArrayLike, *, given: Sequence[ArrayLike] = ()) -> Interval:
    """Spearman's rank correlation, or the partial one given categorical variables.

    Ranks (midranks for ties) are taken over all rows. What the categories explain of them, each
    variable adding its part, is taken out of both by least squares before they are correlated.

    Args:
        x: (N,).
        y: (N,).
        given: Categorical variables, (N,) each.

    Returns:
        The correlation and its 95% interval by Fisher's transform with the standard error of
        Bonett & Wright (2000), one degree of freedom less for each category beyond the first.
        Rows with NaN are left out; NaN where nothing varies.
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    defined = ~(np.isnan(a) | np.isnan(b))
    ranks = scipy.stats.rankdata(np.stack([a[defined], b[defined]]), axis=1)
    rows = ranks.shape[1]
    design = [np.ones((rows, 1))]
    for variable in given:
        member = np.unique(np.asarray(variable)[defined], return_inverse=True)[1]
        design.append(np.eye(int(member.max(initial=0)) + 1)[member])
    explaining = np.concatenate(design, axis=1)
    coefficients, _, rank, _ = np.linalg.lstsq(explaining, ranks.T)
    residuals = (ranks.T - explaining @ coefficients).T
    norms = [float(np.linalg.norm(row)) for row in residuals]
    freedom = rows - 3 - (int(rank) - 1)
    if freedom < 1 or min(norms) <= 1e-9 * float(np.linalg.norm(ranks)):
        return Interval(np.nan, np.nan, np.nan)
    rho = float(np.clip(residuals[0] @ residuals[1] / (norms[0] * norms[1]), -1, 1))
    half_width = scipy.stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / freedom)
    with np.errstate(divide="ignore"):
        z = np.arctanh(rho)
    return Interval(rho, float(np.tanh(z - half_width)), float(np.tanh(z + half_width)))


class RunsInterval(NamedTuple):
    """Mean of a quantity over runs that differ in the seed alone, and its 95% interval.

    Attributes:
        estimate: Mean over the runs.
        low: Lower end.
        high: Upper end.
        sd: Standard deviation over the runs (n − 1); NaN for one run.
        runs: Number of runs.
    """

    estimate: float
    low: float
    high: float
    sd: float
    runs: int


def interval_over_runs(estimates: ArrayLike, image_variance: float = 0.0) -> RunsInterval:
    """Interval of the mean over training runs, for new seeds and new test images alike.

    The error of the mean has two independent parts: that of the seeds, with the variance s²/R, and
    that of the test images, which all runs share and which more runs therefore do not average away.
    s² is of R runs alone, so that its half-width is Student's with R − 1 degrees of freedom; the
    image variance is of many images, so that its half-width is normal. The half-width of the sum
    is the root of the sum of their squares (Zou & Donner 2008, Statistics in Medicine 27, 1693).
    Student's t for both parts would be many times too wide with few runs, Satterthwaite's degrees
    of freedom up to 8 points short of 95%, and so is a bootstrap over few runs.

    Args:
        estimates: (R,) the quantity of each run; a run where it is NaN is left out.
        image_variance: Variance of the mean over runs when the test images are drawn anew, the
            same for every run, as a bootstrap of the images gives it.

    Returns:
        Mean, interval and spread; for a single run the interval is that of the images alone.
    """
    values = np.asarray(estimates, np.float64)
    values = values[~np.isnan(values)]
    runs = values.size
    if not runs:
        return RunsInterval(np.nan, np.nan, np.nan, np.nan, 0)
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if runs > 1 else np.nan
    of_seeds = scipy.stats.t.ppf(0.975, runs - 1) * sd / np.sqrt(runs) if runs > 1 else 0.0
    of_images = scipy.stats.norm.ppf(0.975) * np.sqrt(image_variance)
    half_width = float(np.hypot(of_seeds, of_images))
    return RunsInterval(mean, mean - half_width, mean + half_width, sd, runs)


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
