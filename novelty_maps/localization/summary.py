"""The headline numbers of localization: r, |e| and s, what s gains; what disagreement tells."""

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
from novelty_maps.maps.names import CHALLENGER, GAINS, HEADLINE_MAPS, REFERENCE
from novelty_maps.maps.ranking import top_pixels

_COMPARED = (REFERENCE, CHALLENGER)
_MEASURES = ("average_precision", "aupro")


def threshold_rates(
    found: Found,
    normal: NDArray[np.float32],
    masks: NDArray[np.bool_],
    *,
    false_positive_rate: float,
) -> dict[str, float]:
    """What a threshold set on normal validation images really gives on test images.

    Args:
        found: A map on the test images.
        normal: (M, H, W) the same map, not blurred, of all normal validation images.
        masks: (N, H, W) bool, where the test images are novel.
        false_positive_rate: Share of the pixels of normal images that may be marked.

    Returns:
        `target`; `normal_images`, the share of the pixels of normal test images that is marked;
        `novel_images`, that of the pixels outside the masks; `recall`, that inside the masks;
        `recall_at_target`, the same with the threshold set on the normal test images, so that maps
        are compared at an equal rate.
    """
    threshold = pixel_threshold(blur(normal, found.blur), false_positive_rate=false_positive_rate)
    at_target = pixel_threshold(found.before, false_positive_rate=false_positive_rate)
    marked = found.after > threshold
    return {
        "target": false_positive_rate,
        "normal_images": float((found.before > threshold).mean()),
        "novel_images": float(marked[~masks].mean()),
        "recall": float(marked[masks].mean()),
        "recall_at_target": float((found.after[masks] > at_target).mean()),
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
    top = [top_pixels(np.ascontiguousarray(maps[method]), k) for method in _COMPARED]
    agreed = agreement_curve(top[0], top[1], error[0].size)[:, -1]
    columns = {"agreement": agreed, "loss": error.mean(axis=(1, 2), dtype=np.float64)}
    for method in _COMPARED:
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
        thresholds: What `threshold_rates` returns of r, |e| and s.

    Returns:
        Nested numbers: measures and thresholds of r, |e| and s; what s gains over r,
        `saliency_gain`, and over |e|, with the share of kinds on which both intervals lie above 0,
        or below; `disagreement`, whether low agreement of an image goes with a map failing on it.
    """
    overall = {row["method"]: row for _, row in table[table["grouping"] == "all"].iterrows()}
    by_kind = table[(table["grouping"] == "kind") & (table["method"] == CHALLENGER)]
    numbers: dict[str, Any] = {"images": len(images)}
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
    return numbers | {**gains, "disagreement": disagreement(images)}


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


def disagreement(images: pd.DataFrame) -> dict[str, Any]:
    """Whether agreement of r and s, or the loss, tells on which images a map finds the novelty.

    Rank correlations with the average precision of r, that of s and s less r take out kind, size
    and intensity, on which both sides depend. `failure_auroc` tells images that r fails on, its
    highest pixel outside the mask, from the others by their disagreement, `saliency_failure_auroc`
    those that s fails on; nothing is taken out of them.

    Args:
        images: As `image_table` returns it.
    """
    error, saliency = (images[f"{method}_average_precision"] for method in _COMPARED)
    given = [images[factor] for factor in GROUPINGS]
    correlated = {
        "agreement_correlation": ("agreement", error),
        "agreement_saliency_correlation": ("agreement", saliency),
        "agreement_gain_correlation": ("agreement", saliency - error),
        "loss_correlation": ("loss", error),
    }
    found: dict[str, Any] = {
        name: statistics.spearman(images[column], precision, given=given)._asdict()
        for name, (column, precision) in correlated.items()
    }
    score = -images["agreement"].to_numpy(np.float64)
    for prefix, method in (("", REFERENCE), ("saliency_", CHALLENGER)):
        failed = images[f"{method}_pointing_game"].to_numpy() < 0.5
        found[f"{prefix}failure_auroc"] = statistics.delong_auroc(failed, score)._asdict()
        found[f"{prefix}failed"] = float(failed.mean())
    return found


def _estimate(row: "pd.Series[Any]", measure: str) -> dict[str, float]:
    ends = np.array([row[f"{measure}_low"], row[f"{measure}_high"]])
    return statistics.with_ends(row[measure], ends)
