"""Efron's bootstrap: means over resampled images, or groups of them, and their intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from novelty_maps.statistics.groups import group_numbers

_CHUNK = 256  # bootstrap samples at a time; bounds memory


class Interval(NamedTuple):
    """An estimate and its 95% interval."""

    estimate: float
    low: float
    high: float


def bootstrap_means(
    values: NDArray[np.float64],
    *,
    samples: int,
    generator: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Means over resampled rows (Efron's bootstrap), all columns resampled together.

    Args:
        values: (N, M); rows are drawn with replacement. NaN is left out of its column's mean.
        samples: Number of resamplings.
        generator: Source of randomness.
        groups: (N,) the group of each row; then groups are drawn, as many as there are, and a row
            counts as often as its group.

    Returns:
        (samples, M); NaN where a resampling holds no defined value, or a column has defined values
        in fewer than two rows, or groups.
    """
    member = group_numbers(groups, len(values))
    count = int(member.max(initial=-1)) + 1
    valid = np.isfinite(values)
    filled = np.where(valid, values, 0.0)
    means = np.empty((samples, values.shape[1]))
    for start in range(0, samples, _CHUNK):
        size = min(_CHUNK, samples - start)
        drawn = generator.integers(0, count, (size, count)) + count * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        weights = counts.astype(np.float64).take(member, axis=1)
        totals = weights @ filled
        every = valid.all()
        sizes = weights.sum(axis=1, keepdims=True) if every else weights @ valid.astype(np.float64)
        with np.errstate(invalid="ignore"):
            means[start : start + size] = totals / sizes
    first = np.where(valid, member[:, None], count).min(axis=0, initial=count)
    last = np.where(valid, member[:, None], -1).max(axis=0, initial=-1)
    means[:, first >= last] = np.nan  # of fewer than two groups
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
    values: NDArray[np.float64],
    *,
    samples: int,
    generator: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Ends of the 95% interval of the mean of each column, (2, M), by `bootstrap_means`."""
    return percentile_interval(
        bootstrap_means(values, samples=samples, generator=generator, groups=groups)
    )


def with_ends(estimate: float, ends: NDArray[np.float64]) -> dict[str, float]:
    """An estimate and the (2,) ends of its interval under the keys estimate, low and high."""
    return Interval(float(estimate), float(ends[0]), float(ends[1]))._asdict()
