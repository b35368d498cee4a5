"""The headline numbers of localization: r and s, their difference; what disagreement tells."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps import statistics
from novelty_maps.agreement.curves import agreement_curve
from novelty_maps.localization.measures import blur
from novelty_maps.localization.tables import GROUPINGS, Found
from novelty_maps.localization.thresholds import pixel_threshold
from novelty_maps.maps.names import REFERENCE
from novelty_maps.maps.ranking import top_pixels

CHALLENGER = "saliency"
COMPARED = (REFERENCE, CHALLENGER)
_MEASURES = ("average_precision", "aupro")


def threshold_rates(
    found: Found,
    validation: NDArray[np.float32],
    masks: NDArray[np.bool_],
    *,
    false_positive_rate: float,
) -> dict[str, float]:
    """What a threshold set on normal validation images really gives on test images.

    Args:
        found: A map on the test images.
        validation: (M, H, W) the same map, not blurred, of normal validation images.
        masks: (N, H, W) bool, where the test images are novel.
        false_positive_rate: Share of the validation pixels that may be marked.

    Returns:
        `target`; `normal_images`, the share of the pixels of normal test images that is marked;
        `novel_images`, that of the pixels outside the masks; `recall`, that inside the masks.
    """
    threshold = pixel_threshold(
        blur(validation, found.blur), false_positive_rate=false_positive_rate
    )
    marked = found.after > threshold
    return {
        "target": false_positive_rate,
        "normal_images": float((found.before > threshold).mean()),
        "novel_images": float(marked[~masks].mean()),
        "recall": float(marked[masks].mean()),
    }


def image_table(
    table: pd.DataFrame,
    found: Mapping[str, Found],
    maps: Mapping[str, NDArray[np.float32]],
    *,
    k: int,
) -> pd.DataFrame:
    """Per planted image: how r and s agree, the loss, and how well r and s find the novelty.

    Args:
        table: (N) rows with kind, size, intensity.
        found: Map to what it shows; r and s are among them.
        maps: The maps, not blurred, of the novel images, (N, H, W); r and s are among them.
        k: K of the top-K agreement.
    """
    error = maps[REFERENCE]
    top = [top_pixels(np.ascontiguousarray(maps[method]), k) for method in COMPARED]
    agreed = agreement_curve(top[0], top[1], error[0].size)[:, -1]
    columns = {"agreement": agreed, "loss": error.mean(axis=(1, 2), dtype=np.float64)}
    for method in COMPARED:
        for measure in ("average_precision", "pointing_game"):
            columns[f"{method}_{measure}"] = found[method].images[measure].to_numpy()
    return table[["row", *GROUPINGS]].assign(**columns)


def summarise(
    table: pd.DataFrame, images: pd.DataFrame, thresholds: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """The headline numbers.

    Args:
        table: As `tables.localization_table` returns it.
        images: As `image_table` returns it.
        thresholds: What `threshold_rates` returns of r and of s.

    Returns:
        Nested numbers: both maps' measures and thresholds; `saliency_gain` over the error map, with
        the share of kinds on which both intervals lie above 0, or below; `disagreement`, whether
        low agreement of an image goes with r failing on it.
    """
    overall = {row["method"]: row for _, row in table[table["grouping"] == "all"].iterrows()}
    by_kind = table[(table["grouping"] == "kind") & (table["method"] == CHALLENGER)]
    numbers: dict[str, Any] = {"images": len(images)}
    for method in COMPARED:
        row = overall[method]
        numbers[method] = {measure: _estimate(row, measure) for measure in _MEASURES}
        for name in ("auroc", "pointing_game", "relevance_rank_accuracy", "blur"):
            numbers[method][name] = row[name]
        numbers[method]["threshold"] = dict(thresholds[method])
    row = overall[CHALLENGER]
    gain = {measure: _estimate(row, f"{measure}_gain") for measure in _MEASURES}
    above = (by_kind[[f"{measure}_gain_low" for measure in _MEASURES]] > 0).all(axis=1)
    below = (by_kind[[f"{measure}_gain_high" for measure in _MEASURES]] < 0).all(axis=1)
    shares = {"kinds_above": above.mean(), "kinds_below": below.mean()}
    return numbers | {
        "saliency_gain": {**gain, **shares, "p_value": row["p_value"]},
        "disagreement": disagreement(images),
    }


def disagreement(images: pd.DataFrame) -> dict[str, Any]:
    """Whether agreement of r and s, or the loss, tells on which images r finds the novelty.

    Rank correlations with r's average precision take out kind, size and intensity, on which both
    depend. `failure_auroc` tells images that r fails on, its highest pixel outside the mask, from
    the others by their disagreement; nothing is taken out of it.

    Args:
        images: As `image_table` returns it.
    """
    precision = images[f"{REFERENCE}_average_precision"]
    correlations = {
        f"{name}_correlation": statistics.spearman(
            images[name],
            precision,
            given=[images[factor] for factor in GROUPINGS],
        )._asdict()
        for name in ("agreement", "loss")
    }
    failed = images[f"{REFERENCE}_pointing_game"].to_numpy() < 0.5
    score = -images["agreement"].to_numpy(np.float64)
    auroc = statistics.delong_auroc(failed, score)
    return {**correlations, "failure_auroc": auroc._asdict(), "failed": float(failed.mean())}


def _estimate(row: "pd.Series[Any]", measure: str) -> dict[str, float]:
    ends = np.array([row[f"{measure}_low"], row[f"{measure}_high"]])
    return statistics.with_ends(row[measure], ends)
