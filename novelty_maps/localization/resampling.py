"""Intervals of what maps find: resamplings of the planted images, or of groups of them.

All maps are measured on the same resamplings, so that differences between maps have intervals too.

A planted novelty and the normal image that it is in are drawn as one. A defect of the data set
itself stands beside a normal image that was drawn for it, and that others may have as well: the two
are drawn each by itself, the normal one wherever it stands.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.localization.aupro import ProProfile, aupro_of_profile
from novelty_maps.statistics.groups import group_numbers
from novelty_maps.statistics.intervals import percentile_interval

Replicates = Mapping[str, NDArray[np.float64]]  # measure to its value in each resampling, (B,)


class Units(NamedTuple):
    """What is drawn in a resampling, by number: groups of own defects, then those of normal images.

    Attributes:
        after: (N,) the unit of each novel image.
        before: (N,) that of the normal image beside it.
        counts: How many there are of either kind; each kind is drawn by itself.
    """

    after: NDArray[np.intp]
    before: NDArray[np.intp]
    counts: tuple[int, int]


def units_of(table: pd.DataFrame) -> Units:
    """The units of planted images and own defects.

    Args:
        table: (N) rows of `Planted.table`: paired and base_row; where images share one, group, and
            base_group where there are own defects.
    """
    own = table["paired"].to_numpy() == 0
    base = next(table[name] for name in ("base_group", "group", "base_row") if name in table)
    defects = group_numbers(table["group"][own] if "group" in table else None, int(own.sum()))
    defect_count = int(defects.max(initial=-1)) + 1
    before = defect_count + group_numbers(base, len(table))
    after = before.copy()
    after[own] = defects
    return Units(after, before, (defect_count, int(before.max()) + 1 - defect_count))


def resampled(units: Units, *, samples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """How often each image counts in bootstrap resamplings, which is how often its unit is drawn.

    Args:
        units: Those of N images before and after.
        samples: B.
        generator: Source of randomness.

    Returns:
        (B, 2N) whole numbers, of the novel images and, after them, of the normal ones; in each
        resampling there are as many draws as units, of each kind.
    """
    drawn = [
        generator.multinomial(count, np.full(count, 1 / count), size=samples)
        for count in units.counts
        if count
    ]
    every = np.concatenate(drawn, axis=1).astype(np.float64)
    return every.take(np.concatenate([units.after, units.before]), axis=1)


def replicates(
    precision: NDArray[np.float64],
    profile: ProProfile,
    weights: NDArray[np.float64],
    units: Units,
) -> dict[str, NDArray[np.float64]]:
    """Mean average precision and AUPRO in each resampling.

    Args:
        precision: (N,) average precision of each novel image; NaN is left out.
        profile: PRO profile of the novel images and, after them, of the normal ones, of 2N.
        weights: (B, 2N), as of `resampled`.
        units: As of `resampled`.

    Returns:
        `average_precision` and `aupro`, (B,) each; NaN where they are defined on a single unit of a
        kind, which says nothing of how much others would differ.
    """
    defined = ~np.isnan(precision)
    of_novel = np.ascontiguousarray(weights[:, : len(precision)])
    with np.errstate(invalid="ignore"):  # a resampling may hold no defined value
        means = of_novel @ np.where(defined, precision, 0) / (of_novel @ defined.astype(np.float64))
    areas = aupro_of_profile(profile, weights)
    several = _several(units.after[defined], units)
    both = _several(np.concatenate([units.after, units.before]), units)
    return {
        "average_precision": means if several else np.full_like(means, np.nan),
        "aupro": areas if both else np.full_like(areas, np.nan),
    }


def _several(numbers: NDArray[np.intp], units: Units) -> bool:
    """Whether there are two units or more of each kind that is among these."""
    different = np.unique(numbers)
    defects = int((different < units.counts[0]).sum())
    return bool(different.size) and 1 not in (defects, different.size - defects)


def ends(replicates: Replicates) -> dict[str, float]:
    """Ends of each measure's 95% interval, under its name with `_low` and `_high`."""
    found: dict[str, float] = {}
    for measure, values in replicates.items():
        low, high = percentile_interval(values[:, None])[:, 0]
        found |= {f"{measure}_low": float(low), f"{measure}_high": float(high)}
    return found


def gains(
    gain: str,
    name: str,
    reference: str,
    measured: Mapping[str, Mapping[str, float]],
    replicates: Mapping[str, Replicates],
) -> dict[str, float]:
    """What a map has more of than a reference, with intervals.

    Args:
        gain: What the gain is called, after the name of the measure.
        name: The map.
        reference: The other map.
        measured: Map to its measures of all images.
        replicates: Map to its measures in each resampling.
    """
    found: dict[str, float] = {}
    for measure, values in replicates[name].items():
        column = f"{measure}_{gain}"
        found[column] = measured[name][measure] - measured[reference][measure]
        found |= ends({column: values - replicates[reference][measure]})
    return found
