"""How well each map finds the planted novelties: per image, and per kind, size and intensity.

The references are the reconstruction-error map r = e² and the absolute error |e|. Every other map
is compared with them on the same images, each map at the blur that serves it best on validation
images. Blurred after their own transformations, maps linear and quadratic in e order pixels
differently: saliency, which is linear, is to be held against |e|, its square against r.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from novelty_maps.localization import resampling
from novelty_maps.localization.aupro import ProProfile, aupro
from novelty_maps.localization.files import GROUPINGS, image_columns
from novelty_maps.localization.found import Found, with_normal
from novelty_maps.localization.measures import pooled_separation
from novelty_maps.maps.names import GAINS, REFERENCE
from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.groups import group_means, groups_of
from novelty_maps.statistics.rank_tests import holm, signed_rank

_STRICT = 0.05  # limit of the second AUPRO, at the rates of false alarms that are of use


class Measured(NamedTuple):
    """What is kept of a map when the next one is looked at, without the map itself.

    Attributes:
        blur: As of `Found`.
        images: As of `Found`.
        profile: As of `Found`.
        groups: Measures over the images of each group of `localization_table`, in its order.
    """

    blur: float
    images: pd.DataFrame
    profile: ProProfile
    groups: list[dict[str, float]]


def measure_map(found: Found, masks: NDArray[np.bool_], table: pd.DataFrame) -> Measured:
    """Measure a map over the images of each group.

    Args:
        found: What the map shows.
        masks: (N, H, W) bool.
        table: As of `localization_table`.
    """
    both = with_normal(masks)
    groups = [_measures(found, members, both) for _, _, members in _groups(table)]
    return Measured(found.blur, found.images, found.profile, groups)


def localization_table(
    measured: Mapping[str, Measured],
    table: pd.DataFrame,
    *,
    controls: Sequence[str],
    samples: int,
    generator: np.random.Generator,
) -> pd.DataFrame:
    """Every map's measures over all images and over those of each kind, size and intensity.

    Where some novelties are planted and some the data set's own, over those of each origin too.
    Intervals are of resampled images, the same for all maps, as `resampling` draws them; of a
    single image they are NaN. Where images share a group, the groups are resampled.
    Signed-rank tests compare the average precision of each map but the controls with that of r,
    means of groups where there are any; Holm's correction is over the maps, and over maps and
    kinds.

    Args:
        measured: Map to what `measure_map` returns of it; both references are among them.
        table: (N) rows with kind, size, intensity, and what `resampling.units_of` reads.
        controls: Maps that know nothing of the network.
        samples: Bootstrap samples.
        generator: Source of randomness.

    Returns:
        A row per group and map: `grouping`, `group`, `images`, `method`, `control`, `blur`,
        measures, intervals `_low` and `_high`, and a gain over each reference, as `names.GAINS`
        calls it, NaN for the reference itself.
    """
    rows: list[dict[str, Any]] = []
    for place, (grouping, group, members) in enumerate(_groups(table)):
        shared = groups_of(table.iloc[members])
        units = resampling.units_of(table.iloc[members])
        weights = resampling.resampled(units, samples=samples, generator=generator)
        measures = {name: result.groups[place] for name, result in measured.items()}
        with threadpool_limits(1, user_api="blas"):  # small matrices: several would wait
            replicates = {
                name: _replicates(result, members, weights, units)
                for name, result in measured.items()
            }
        for name, result in measured.items():
            row: dict[str, Any] = {"grouping": grouping, "group": group}
            row |= {"images": len(members), "method": name}
            row |= {"control": int(name in controls), "blur": result.blur}
            row |= measures[name] | resampling.ends(replicates[name])
            for gain, reference in GAINS.items():
                gains = resampling.gains(gain, name, reference, measures, replicates)
                row |= gains if name != reference else dict.fromkeys(gains, np.nan)
            if name not in (REFERENCE, *controls) and grouping in ("all", "kind"):
                row |= _test(result, measured[REFERENCE], members, shared)
            rows.append(row)
    return _with_holm(pd.DataFrame(rows))


def per_image(found: Mapping[str, Measured], table: pd.DataFrame) -> pd.DataFrame:
    """Every map's measures of each image: a row per map and image.

    Args:
        found: Map to what `measure_map` returns of it.
        table: (N) rows with row, kind, size, intensity, and group where images share one.
    """
    images = image_columns(table)
    return pd.concat(
        [images.assign(method=name).join(result.images) for name, result in found.items()]
    )


def _with_holm(measured: pd.DataFrame) -> pd.DataFrame:
    """The table with p-values corrected over the maps, and over maps and kinds."""
    measured["p_holm"] = np.nan
    for grouping in ("all", "kind"):
        family = measured["grouping"] == grouping
        measured.loc[family, "p_holm"] = holm(measured.loc[family, "p_value"])
    return measured


def _groups(table: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    yield "all", "all", np.arange(len(table))
    own = table["paired"] == 0
    if own.any() and not own.all():  # of the data set itself, beside planted ones
        yield "origin", "planted", np.flatnonzero(~own)
        yield "origin", "own", np.flatnonzero(own)
    for grouping in GROUPINGS:
        for group, members in table.reset_index().groupby(grouping, sort=grouping != "kind"):
            yield grouping, f"{group}", members.index.to_numpy()


def _measures(
    result: Found, members: NDArray[np.intp], both: NDArray[np.bool_]
) -> dict[str, float]:
    count = len(result.images)
    maps, real = result.maps, result.real
    if len(members) < count:
        places = np.concatenate([members, count + members])
        maps, both = maps[places], both[places]
        real = None if real is None else real[places]
    separation = pooled_separation(maps, both, real)
    means = result.images.iloc[members].mean()
    return {str(name): value for name, value in means.items()} | {
        "pooled_average_precision": separation.average_precision,
        "pooled_auroc": separation.auroc,
        "aupro": aupro(maps, both, real=real),
        "aupro_at_05": aupro(maps, both, _STRICT, real=real),
        "image_auroc": _image_auroc(maps[len(members) :], maps[: len(members)]),
    }


def _image_auroc(normal: NDArray[np.float32], novel: NDArray[np.float32]) -> float:
    """How well the highest values of blurred maps tell novel images from normal ones."""
    low, high = (maps.max(axis=(1, 2)).astype(np.float64) for maps in (normal, novel))
    is_novel = np.repeat([False, True], [len(low), len(high)])
    return delong_auroc(is_novel, np.concatenate([low, high])).estimate


def _replicates(
    result: Measured,
    members: NDArray[np.intp],
    weights: NDArray[np.float64],
    units: resampling.Units,
) -> dict[str, NDArray[np.float64]]:
    precision = result.images["average_precision"].to_numpy()
    both = np.concatenate([members, len(precision) + members])
    profile = ProProfile(*(part[both] for part in result.profile))
    return resampling.replicates(precision[members], profile, weights, units)


def _test(
    result: Measured,
    reference: Measured,
    members: NDArray[np.intp],
    groups: NDArray[np.int64] | None,
) -> dict[str, float]:
    precision = [
        part.images["average_precision"].to_numpy()[members] for part in (result, reference)
    ]
    differences = group_means(precision[0] - precision[1], groups)
    return signed_rank(differences)._asdict()
