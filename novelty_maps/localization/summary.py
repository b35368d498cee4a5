"""The headline numbers of localization: r, |e| and s, and what s gains."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.localization.found import Found
from novelty_maps.localization.measures import blur
from novelty_maps.localization.thresholds import pixel_threshold
from novelty_maps.maps.names import ABSOLUTE_REFERENCE, CHALLENGER, GAINS, HEADLINE_MAPS
from novelty_maps.pipeline.boxes import Boxes, real_pixels
from novelty_maps.statistics.intervals import with_ends

_MEASURES = ("average_precision", "aupro")


def threshold_rates(
    found: Found,
    normal: NDArray[np.float32],
    masks: NDArray[np.bool_],
    *,
    false_positive_rate: float,
    boxes: Boxes | None = None,
) -> dict[str, float]:
    """What a threshold set on normal validation images really gives on test images.

    Args:
        found: A map on the test images.
        normal: (M, H, W) the same map, not blurred, of all normal validation images.
        masks: (N, H, W) bool, where the test images are novel.
        false_positive_rate: Share of the pixels of normal images that may be marked.
        boxes: (M, 4) of the normal validation images, where some are padded.

    Returns:
        `target`; `normal_images`, the share of the pixels of normal test images that is marked;
        `novel_images`, that of the pixels outside the masks; `recall`, that inside the masks;
        `recall_at_target`, the same with the threshold set on the normal test images, so that maps
        are compared at an equal rate.
    """
    validated = blur(normal, found.blur, boxes)
    real = real_pixels(boxes, normal.shape[1:])
    threshold = pixel_threshold(
        validated if real is None else validated[real], false_positive_rate=false_positive_rate
    )
    before, outside = found.before, ~masks
    if found.real is not None:
        before, outside = before[found.real[len(masks) :]], outside & found.real[: len(masks)]
    at_target = pixel_threshold(before, false_positive_rate=false_positive_rate)
    marked = found.after > threshold
    return {
        "target": false_positive_rate,
        "normal_images": float((before > threshold).mean()),
        "novel_images": float(marked[outside].mean()),
        "recall": float(marked[masks].mean()),
        "recall_at_target": float((found.after[masks] > at_target).mean()),
    }


def summarise(
    table: pd.DataFrame, images: int, thresholds: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """The headline numbers.

    Args:
        table: As `tables.localization_table` returns it.
        images: How many there are.
        thresholds: What `threshold_rates` returns of r, |e| and s.

    Returns:
        Nested numbers: measures and thresholds of r, |e| and s; what s gains over r,
        `saliency_gain`, and over |e|, with the share of kinds on which both intervals lie above 0,
        or below.
    """
    overall = {row["method"]: row for _, row in table[table["grouping"] == "all"].iterrows()}
    by_kind = table[(table["grouping"] == "kind") & (table["method"] == CHALLENGER)]
    numbers: dict[str, Any] = {"images": images}
    for method in HEADLINE_MAPS:
        row = overall[method]
        numbers[method] = {measure: _estimate(row, measure) for measure in _MEASURES}
        for name in ("auroc", "pointing_game", "relevance_rank_accuracy", "blur"):
            numbers[method][name] = row[name]
        numbers[method]["threshold"] = dict(thresholds[method])
    gains = {
        f"{CHALLENGER}_{gain}": _gain(overall[CHALLENGER], by_kind, gain=gain) for gain in GAINS
    }
    gains["saliency_gain"]["p_value"] = overall[CHALLENGER]["p_value"]
    return numbers | gains


def at_a_glance(numbers: Mapping[str, Any]) -> dict[str, float]:
    """Of what `summarise` returns the few numbers that DVC shows, without their intervals.

    Returns:
        `error_ap` and `saliency_ap`, mean average precision of |e| and s on planted novelties.
    """
    return {
        "error_ap": numbers[ABSOLUTE_REFERENCE]["average_precision"]["estimate"],
        "saliency_ap": numbers[CHALLENGER]["average_precision"]["estimate"],
    }


def _gain(overall: "pd.Series[Any]", by_kind: pd.DataFrame, *, gain: str) -> dict[str, Any]:
    """A map's gain over all images, and on which share of kinds it lies above 0, or below."""
    columns = {measure: f"{measure}_{gain}" for measure in _MEASURES}
    above = (by_kind[[f"{column}_low" for column in columns.values()]] > 0).all(axis=1)
    below = (by_kind[[f"{column}_high" for column in columns.values()]] < 0).all(axis=1)
    return {
        **{measure: _estimate(overall, column) for measure, column in columns.items()},
        "kinds_above": above.mean(),
        "kinds_below": below.mean(),
    }


def _estimate(row: "pd.Series[Any]", measure: str) -> dict[str, float]:
    ends = np.array([row[f"{measure}_low"], row[f"{measure}_high"]])
    return with_ends(row[measure], ends)
