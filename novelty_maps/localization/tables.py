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

from novelty_maps import statistics
from novelty_maps.localization.aupro import (
    ProProfile,
    aupro,
    aupro_of_profile,
    pro_profile,
    pro_thresholds,
)
from novelty_maps.localization.files import GROUPINGS
from novelty_maps.localization.measures import (
    blur,
    image_separation,
    pointing_game,
    pooled_separation,
    relevance_rank_accuracy,
)
from novelty_maps.maps.names import GAINS, REFERENCE


class Found(NamedTuple):
    """What a map shows of N planted images.

    Attributes:
        blur: Standard deviation of the Gaussian blur in pixels.
        before: Blurred maps of the normal images (N, H, W).
        after: Blurred maps of the novel images (N, H, W).
        images: A row per image: average_precision, auroc, pointing_game,
            relevance_rank_accuracy.
        profile: PRO profile of the images, both of a pair as one.
    """

    blur: float
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    images: pd.DataFrame
    profile: ProProfile


def best_blur(maps: NDArray[np.float32], masks: NDArray[np.bool_], blurs: Sequence[float]) -> float:
    """The blur with the highest mean average precision, the least of equal ones.

    Args:
        maps: (N, H, W) maps of validation images.
        masks: (N, H, W) bool.
        blurs: Standard deviations in pixels.
    """
    precision = {
        sigma: image_separation(blur(maps, sigma), masks).average_precision.mean()
        for sigma in sorted(blurs)
    }
    return max(precision, key=precision.__getitem__)


def find(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    masks: NDArray[np.bool_],
    *,
    sigma: float,
) -> Found:
    """Blur a map and measure how well it finds the novelty of each image.

    Args:
        before: (N, H, W) maps of the normal images, not negative.
        after: (N, H, W) maps of the novel images.
        masks: (N, H, W) bool, where they are novel.
        sigma: Standard deviation of the blur in pixels.
    """
    before, after = (blur(maps, sigma) for maps in (before, after))
    separation = image_separation(after, masks)
    images = pd.DataFrame(
        {
            "average_precision": separation.average_precision,
            "auroc": separation.auroc,
            "pointing_game": pointing_game(after, masks),
            "relevance_rank_accuracy": relevance_rank_accuracy(after, masks),
        }
    )
    maps, both = _pooled(before, after, masks)
    profile = pro_profile(maps, both, pro_thresholds(maps, both))
    pairs = ProProfile(*(part[: len(after)] + part[len(after) :] for part in profile))
    return Found(sigma, before, after, images, pairs)


def localization_table(
    found: Mapping[str, Found],
    masks: NDArray[np.bool_],
    table: pd.DataFrame,
    *,
    controls: Sequence[str],
    samples: int,
    generator: np.random.Generator,
) -> pd.DataFrame:
    """Every map's measures over all images and over those of each kind, size and intensity.

    Intervals are of resampled images, a pair before and after together, the same for all maps; of a
    single image they are NaN.
    Signed-rank tests compare the average precision of each map but the controls with that of r;
    Holm's correction is over the maps, and over maps and kinds.

    Args:
        found: Map to what it shows; both references are among them.
        masks: (N, H, W) bool.
        table: (N) rows with kind, size, intensity.
        controls: Maps that know nothing of the network.
        samples: Bootstrap samples.
        generator: Source of randomness.

    Returns:
        A row per group and map: `grouping`, `group`, `images`, `method`, `control`, `blur`,
        measures, intervals `_low` and `_high`, and a gain over each reference, as `names.GAINS`
        calls it, NaN for the reference itself.
    """
    rows: list[dict[str, Any]] = []
    for grouping, group, members in _groups(table):
        weights = generator.multinomial(
            len(members), np.full(len(members), 1 / len(members)), size=samples
        ).astype(np.float64)
        measured = {name: _measures(result, members, masks) for name, result in found.items()}
        replicates = {name: _replicates(result, members, weights) for name, result in found.items()}
        for name, result in found.items():
            row: dict[str, Any] = {"grouping": grouping, "group": group}
            row |= {"images": len(members), "method": name}
            row |= {"control": int(name in controls), "blur": result.blur}
            row |= measured[name] | _ends(replicates[name])
            for gain, reference in GAINS.items():
                gains = _gains(gain, name, reference, measured, replicates)
                row |= gains if name != reference else dict.fromkeys(gains, np.nan)
            if name not in (REFERENCE, *controls) and grouping in ("all", "kind"):
                row |= _test(result, found[REFERENCE], members)
            rows.append(row)
    return _with_holm(pd.DataFrame(rows))


def per_image(found: Mapping[str, Found], table: pd.DataFrame) -> pd.DataFrame:
    """Every map's measures of each image: a row per map and image.

    Args:
        found: Map to what it shows.
        table: (N) rows with row, kind, size, intensity.
    """
    images = table[["row", *GROUPINGS]]
    return pd.concat(
        [images.assign(method=name).join(result.images) for name, result in found.items()]
    )


def _with_holm(measured: pd.DataFrame) -> pd.DataFrame:
    """The table with p-values corrected over the maps, and over maps and kinds."""
    measured["p_holm"] = np.nan
    for grouping in ("all", "kind"):
        family = measured["grouping"] == grouping
        measured.loc[family, "p_holm"] = statistics.holm(measured.loc[family, "p_value"])
    return measured


def _groups(table: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    yield "all", "all", np.arange(len(table))
    for grouping in GROUPINGS:
        for group, members in table.reset_index().groupby(grouping, sort=grouping != "kind"):
            yield grouping, f"{group}", members.index.to_numpy()


def _pooled(
    before: NDArray[np.float32], after: NDArray[np.float32], masks: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Maps and masks of the novel images and, after them, of the normal ones."""
    return np.concatenate([after, before]), np.concatenate([masks, np.zeros_like(masks)])


def _measures(
    result: Found, members: NDArray[np.intp], masks: NDArray[np.bool_]
) -> dict[str, float]:
    maps, both = _pooled(result.before[members], result.after[members], masks[members])
    pooled = pooled_separation(maps, both)
    means = result.images.iloc[members].mean()
    return {str(name): value for name, value in means.items()} | {
        "pooled_average_precision": pooled.average_precision,
        "pooled_auroc": pooled.auroc,
        "aupro": aupro(maps, both),
    }


def _replicates(
    result: Found, members: NDArray[np.intp], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    precision = result.images["average_precision"].to_numpy()[members]
    defined = ~np.isnan(precision)
    with np.errstate(invalid="ignore"):  # a resampling may hold no defined value
        means = weights @ np.where(defined, precision, 0) / (weights @ defined.astype(np.float64))
    profile = ProProfile(*(part[members] for part in result.profile))
    areas = aupro_of_profile(profile, weights)
    # One image says nothing of how much others would differ.
    return {
        "average_precision": means if defined.sum() > 1 else np.full_like(means, np.nan),
        "aupro": areas if len(members) > 1 else np.full_like(areas, np.nan),
    }


def _ends(replicates: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    ends: dict[str, float] = {}
    for measure, values in replicates.items():
        low, high = statistics.percentile_interval(values[:, None])[:, 0]
        ends |= {f"{measure}_low": float(low), f"{measure}_high": float(high)}
    return ends


def _gains(
    gain: str,
    name: str,
    reference: str,
    measured: Mapping[str, Mapping[str, float]],
    replicates: Mapping[str, Mapping[str, NDArray[np.float64]]],
) -> dict[str, float]:
    """What a map has more of than a reference, with intervals."""
    gains: dict[str, float] = {}
    for measure, values in replicates[name].items():
        column = f"{measure}_{gain}"
        gains[column] = measured[name][measure] - measured[reference][measure]
        gains |= _ends({column: values - replicates[reference][measure]})
    return gains


def _test(result: Found, reference: Found, members: NDArray[np.intp]) -> dict[str, Any]:
    precision = [
        part.images["average_precision"].to_numpy()[members] for part in (result, reference)
    ]
    test = statistics.signed_rank(precision[0] - precision[1])
    return {"p_value": test.p_value, "effect_size": test.effect_size}
