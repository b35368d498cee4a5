"""Intervals of what maps find: resamplings of the planted images, or of groups of them.

All maps are measured on the same resamplings, so that differences between maps have intervals too.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from novelty_maps.localization.aupro import ProProfile, aupro_of_profile
from novelty_maps.statistics.groups import group_numbers
from novelty_maps.statistics.intervals import percentile_interval

Replicates = Mapping[str, NDArray[np.float64]]  # measure to its value in each resampling, (B,)


def resampled(
    groups: NDArray[np.int64] | None,
    images: int,
    *,
    samples: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """How often each image counts in bootstrap resamplings, which is how often its group is drawn.

    Args:
        groups: (N,) the group of each image, or None where each is a group of its own.
        images: N.
        samples: B.
        generator: Source of randomness.

    Returns:
        (B, N) whole numbers; in each resampling there are as many draws as groups.
    """
    member = group_numbers(groups, images)
    count = int(member.max()) + 1
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=samples)
    return drawn.astype(np.float64).take(member, axis=1)


def replicates(
    precision: NDArray[np.float64],
    profile: ProProfile,
    weights: NDArray[np.float64],
    groups: NDArray[np.int64] | None,
) -> dict[str, NDArray[np.float64]]:
    """Mean average precision and AUPRO in each resampling.

    Args:
        precision: (N,) average precision of each image; NaN is left out.
        profile: PRO profile of the images.
        weights: (B, N), as of `resampled`.
        groups: (N,), as of `resampled`.

    Returns:
        `average_precision` and `aupro`, (B,) each; NaN where they are defined on a single group,
        which says nothing of how much others would differ.
    """
    defined = ~np.isnan(precision)
    with np.errstate(invalid="ignore"):  # a resampling may hold no defined value
        means = weights @ np.where(defined, precision, 0) / (weights @ defined.astype(np.float64))
    areas = aupro_of_profile(profile, weights)
    member = group_numbers(groups, len(precision))
    several = np.unique(member[defined]).size > 1
    return {
        "average_precision": means if several else np.full_like(means, np.nan),
        "aupro": areas if np.unique(member).size > 1 else np.full_like(areas, np.nan),
    }


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
