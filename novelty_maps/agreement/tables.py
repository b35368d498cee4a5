"""From the maps of all images to the tables that are reported: a row per image, class or K."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps import statistics
from novelty_maps.agreement import terms
from novelty_maps.agreement.curves import (
    agreement_curve,
    chance_agreement,
    distance_curve,
    scaled_map_errors,
)
from novelty_maps.agreement.null import null_agreements
from novelty_maps.agreement.terms import term_measures
from novelty_maps.maps.ranking import require_k, tied_at, top_pixels
from novelty_maps.pipeline.formats import flatten

DISTANCE_K_MAX = 100  # the distance curve costs K² an image, so it stops here or at the headline K

# Columns of the per-image table that are compared between normal and novel images.
MEASURES = [
    "agreement",
    "max_distance_saliency_to_error",
    "mean_distance_saliency_to_error",
    "max_distance_error_to_saliency",
    "mean_distance_error_to_saliency",
    "scaled_map_error",
    "scaled_map_error_squared",
]


def compare_maps(
    reconstruction_error: NDArray[np.float32], saliency: NDArray[np.float32], *, k: int
) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """Agreement of r and s, image by image and for every K.

    Args:
        reconstruction_error: r, (N, H, W) float32.
        saliency: s, (N, H, W) float32.
        k: Headline K of the table.

    Returns:
        A table with a row per image (`MEASURES`, `tied_reconstruction_error`, `tied_saliency`),
        and the curves "agreement" (N, n) and "max_distance" (N, at most n), saliency to
        reconstruction error as in the paper, column K − 1 at K.

    Raises:
        InputError: k is not in 1..n, or a map holds NaN.
    """
    pixels = saliency[0].size
    require_k(k, pixels)
    top_error = top_pixels(reconstruction_error)
    top_saliency = top_pixels(saliency)
    k_max = min(pixels, max(k, DISTANCE_K_MAX))
    width = saliency.shape[2]
    to_error = distance_curve(top_saliency[:, :k_max], top_error[:, :k_max], width)
    to_saliency = distance_curve(top_error[:, :k], top_saliency[:, :k], width)
    agreements = agreement_curve(top_error, top_saliency, pixels)
    scaled = scaled_map_errors(reconstruction_error, saliency)
    table = pd.DataFrame(
        {
            "agreement": agreements[:, k - 1],
            "max_distance_saliency_to_error": to_error.maximum[:, k - 1],
            "mean_distance_saliency_to_error": to_error.mean[:, k - 1],
            "max_distance_error_to_saliency": to_saliency.maximum[:, k - 1],
            "mean_distance_error_to_saliency": to_saliency.mean[:, k - 1],
            "scaled_map_error": scaled.saliency,
            "scaled_map_error_squared": scaled.squared_saliency,
            "tied_reconstruction_error": tied_at(reconstruction_error, top_error, k),
            "tied_saliency": tied_at(saliency, top_saliency, k),
        }
    )
    return table, {"agreement": agreements, "max_distance": to_error.maximum}


def image_table(
    maps: Mapping[str, NDArray[np.float32]],
    rows: pd.DataFrame,
    *,
    k: int,
    generator: np.random.Generator,
) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """All that is measured of each image, beside what the index table says of it.

    Args:
        maps: reconstruction_error, saliency, direct_term and indirect_term, (N, H, W) float32.
        rows: The images' rows of the index table: row, source_row, label, novel.
        k: Headline K.
        generator: Source of randomness, of the nulls.

    Returns:
        The table of `metrics/per_image.csv`, and the curves of `compare_maps`.
    """
    error = maps["reconstruction_error"]
    compared, curves = compare_maps(error, maps["saliency"], k=k)
    direct, indirect = maps["direct_term"], maps["indirect_term"]
    terms = term_measures(direct, indirect)
    novel = rows["novel"].to_numpy() == 1
    nulls = null_agreements(error, direct, indirect, novel, k=k, generator=generator)
    table = rows[["row", "source_row", "label", "novel"]].assign(
        reconstruction_loss=reconstruction_loss(error)
    )
    return table.join([compared, terms, nulls]), curves


def reconstruction_loss(reconstruction_error: NDArray[np.float32]) -> NDArray[np.float64]:
    """Novelty score of each image: the mean of its reconstruction-error map (eq. 2); (N,)."""
    loss: NDArray[np.float64] = reconstruction_error.mean(axis=(1, 2), dtype=np.float64)
    return loss


def by_class(
    table: pd.DataFrame, *, k: int, samples: int, generator: np.random.Generator
) -> pd.DataFrame:
    """Means over the images of each class, with 95% intervals.

    Args:
        table: As `image_table` returns it.
        k: The K that the table was made with.
        samples: Bootstrap samples.
        generator: Source of randomness.

    Returns:
        A row per class: label, novel, images, and each of reconstruction_loss, agreement,
        majority_agreement, max_distance_saliency_to_error and the indirect term's measures with
        its `_low` and `_high`.
    """
    table = table.assign(majority_agreement=(2 * table["agreement"] > k).astype(np.float64))
    measures = [
        "reconstruction_loss",
        "agreement",
        "majority_agreement",
        "max_distance_saliency_to_error",
        *terms.MEASURES,
    ]
    rows = []
    for (label, novel), group in table.groupby(["label", "novel"]):
        values = group[measures].to_numpy(np.float64)
        ends = statistics.bootstrap_interval(values, samples=samples, generator=generator)
        row: dict[str, Any] = {"label": label, "novel": novel, "images": len(group)}
        for i, measure in enumerate(measures):
            row |= flatten({measure: statistics.with_ends(group[measure].mean(), ends[:, i])})
        rows.append(row)
    return pd.DataFrame(rows)


def by_k(
    curves: dict[str, NDArray[Any]],
    novel: NDArray[np.bool_],
    *,
    samples: int,
    generator: np.random.Generator,
) -> pd.DataFrame:
    """The curves over K, averaged over normal and over novel images, with 95% intervals.

    Args:
        curves: As `compare_maps` returns them.
        novel: (N,) bool.
        samples: Bootstrap samples.
        generator: Source of randomness.

    Returns:
        A row per K = 1..n: `k`, `chance_agreement`, and for normal and novel `agreement`, the
        share of images with more than half of the K agreeing (`majority_agreement`, Table 1),
        and `max_distance` (empty beyond the K where its curve ends), each with `_low`, `_high`.
    """
    pixels = curves["agreement"].shape[1]
    k = np.arange(1, pixels + 1)
    columns: dict[str, NDArray[Any]] = {
        "k": k,
        "chance_agreement": chance_agreement(pixels),
    }
    for group, member in (("normal", ~novel), ("novel", novel)):
        agreements = curves["agreement"][member].astype(np.float64)
        measures = {
            "agreement": agreements,
            "majority_agreement": (2 * agreements > k).astype(np.float64),
            "max_distance": curves["max_distance"][member].astype(np.float64),
        }
        for measure, values in measures.items():
            low, high = statistics.bootstrap_interval(values, samples=samples, generator=generator)
            for suffix, curve in (("", values.mean(axis=0)), ("_low", low), ("_high", high)):
                padded = np.full(pixels, np.nan)
                padded[: len(curve)] = curve
                columns[f"{group}_{measure}{suffix}"] = padded
    return pd.DataFrame(columns)
