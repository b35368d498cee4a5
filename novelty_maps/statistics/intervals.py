"""Efron's bootstrap: means over resampled images, or groups of them, and their intervals."""

from copy import deepcopy
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from novelty_maps.statistics.groups import group_numbers

_CHUNK = 256  # bootstrap samples at a time, at most; bounds memory
_VALUES = 2**22  # float64 values at a time, 32 MiB; bounds memory


class Interval(NamedTuple):
    """An estimate and its 95% interval."""

    estimate: float
    low: float
    high: float


def bootstrap_means(
    values: NDArray[Any],
    *,
    samples: int,
    generator: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Means over resampled rows (Efron's bootstrap), all columns resampled together.

    Args:
        values: (N, M) numbers of any type, of which a few columns at a time become float64; rows
            are drawn with replacement. NaN is left out of its column's mean.
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
    means = np.empty((samples, values.shape[1]))
    width = max(1, _VALUES // max(1, len(member)))
    chunk = max(1, min(_CHUNK, width))

    @lru_cache(maxsize=1)  # once, where all columns fit
    def filled(first: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        columns = np.asarray(values[:, first : first + width], np.float64)
        valid = np.isfinite(columns)
        return np.where(valid, columns, 0.0), valid

    for start in range(0, samples, chunk):
        size = min(chunk, samples - start)
        drawn = generator.integers(0, count, (size, count)) + count * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        weights = counts.astype(np.float64).take(member, axis=1)
        every = weights.sum(axis=1, keepdims=True)
        for first in range(0, values.shape[1], width):
            columns, valid = filled(first)
            sizes = every if valid.all() else weights @ valid.astype(np.float64)
            with np.errstate(invalid="ignore"):
                means[start : start + size, first : first + width] = (weights @ columns) / sizes
    for first in range(0, values.shape[1], width):
        _, valid = filled(first)
        lowest = np.where(valid, member[:, None], count).min(axis=0, initial=count)
        highest = np.where(valid, member[:, None], -1).max(axis=0, initial=-1)
        means[:, first : first + width][:, lowest >= highest] = np.nan  # of fewer than two groups
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
    values: NDArray[Any],
    *,
    samples: int,
    generator: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Ends of the 95% interval of the mean of each column, (2, M), by `bootstrap_means`.

    Of many columns a part at a time is resampled, each part from the same draws.
    """
    ends = np.empty((2, values.shape[1]))
    width, state = max(1, _VALUES // samples), deepcopy(generator.bit_generator.state)
    for first in range(0, values.shape[1], width):
        generator.bit_generator.state = state
        columns = slice(first, first + width)
        ends[:, columns] = percentile_interval(
            bootstrap_means(values[:, columns], samples=samples, generator=generator, groups=groups)
        )
    return ends


def with_ends(estimate: float, ends: NDArray[np.float64]) -> dict[str, float]:
    """An estimate and the (2,) ends of its interval under the keys estimate, low and high."""
    return Interval(float(estimate), float(ends[0]), float(ends[1]))._asdict()
