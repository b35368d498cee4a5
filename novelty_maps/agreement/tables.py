"""From the order of the pixels to the tables that are reported: a row per image, class or K."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement import terms
from novelty_maps.agreement.curves import chance_agreement, distance_curve
from novelty_maps.agreement.null import NULLS, null_agreements
from novelty_maps.agreement.ranks import RANKED, Ranks
from novelty_maps.maps.ranking import require_k
from novelty_maps.pipeline.arrays import Spool
from novelty_maps.pipeline.formats import flatten
from novelty_maps.statistics.groups import groups_of
from novelty_maps.statistics.intervals import bootstrap_interval, with_ends

DISTANCE_K_MAX = 100  # the distance curve costs K² an image, so it stops here

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


def image_table(ranks: Ranks, rows: pd.DataFrame, *, k: int, width: int) -> pd.DataFrame:
    """All that is measured of each image, beside what the index table says of it.

    Args:
        ranks: As `ranks.rank_maps` returns them.
        rows: The images' rows of the index table: row, source_row, label, novel, and group where
            images share one.
        k: Headline K.
        width: Width of an image in pixels.

    Returns:
        The table of `metrics/per_image.csv`.

    Raises:
        InputError: k is not in 1..n.
    """
    places, images = ranks
    require_k(k, places.shape[1])
    top_error, top_saliency = (places[name][:, :k].astype(np.int32) for name in RANKED)
    to_error = distance_curve(top_saliency, top_error, width)
    to_saliency = distance_curve(top_error, top_saliency, width)
    compared = pd.DataFrame(
        {
            "agreement": places["agreement"][:, :k].sum(axis=1, dtype=np.int32),
            "max_distance_saliency_to_error": to_error.maximum[:, -1],
            "mean_distance_saliency_to_error": to_error.mean[:, -1],
            "max_distance_error_to_saliency": to_saliency.maximum[:, -1],
            "mean_distance_error_to_saliency": to_saliency.mean[:, -1],
            "scaled_map_error": images["scaled_map_error"],
            "scaled_map_error_squared": images["scaled_map_error_squared"],
            "tied_reconstruction_error": places["tied_reconstruction_error"][:, k - 1],
            "tied_saliency": places["tied_saliency"][:, k - 1],
        }
    )
    nulls = null_agreements(
        {name: places[name] for name in NULLS}, rows["novel"].to_numpy() == 1, k=k
    )
    known = [name for name in ("row", "source_row", "label", "novel", "group") if name in rows]
    table = rows[known].assign(reconstruction_loss=images["reconstruction_loss"])
    return table.join([compared, images[terms.MEASURES], nulls])


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
        ends = bootstrap_interval(
            group[measures].to_numpy(np.float64),
            samples=samples,
            generator=generator,
            groups=groups_of(group),
        )
        row: dict[str, Any] = {"label": label, "novel": novel, "images": len(group)}
        for i, measure in enumerate(measures):
            row |= flatten({measure: with_ends(group[measure].mean(), ends[:, i])})
        rows.append(row)
    return pd.DataFrame(rows)


def by_k(
    ranks: Ranks,
    novel: NDArray[np.bool_],
    *,
    width: int,
    samples: int,
    generator: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Agreement and distance over K, averaged over normal and novel images, with 95% intervals.

    Args:
        ranks: As `ranks.rank_maps` returns them.
        novel: (N,) bool.
        width: Width of an image in pixels.
        samples: Bootstrap samples.
        generator: Source of randomness.
        groups: (N,) the group of each image, where images share one.

    Returns:
        A row per K = 1..n: `k`, `chance_agreement`, and for normal and novel `agreement`, the
        share of images with more than half of the K agreeing (`majority_agreement`, Table 1),
        and `max_distance`, saliency to reconstruction error as in the paper (empty beyond
        `DISTANCE_K_MAX`), each with `_low`, `_high`.
    """
    pixels = ranks.places.shape[1]
    top = [ranks.places[name][:, :DISTANCE_K_MAX].astype(np.int32) for name in RANKED]
    distances = distance_curve(top[1], top[0], width).maximum
    k = np.arange(1, pixels + 1)
    columns: dict[str, NDArray[Any]] = {
        "k": k,
        "chance_agreement": chance_agreement(pixels),
    }
    for kind, member in (("normal", ~novel), ("novel", novel)):
        agreements, majority = _agreements(ranks.places["agreement"], np.flatnonzero(member))
        measures: dict[str, NDArray[Any]] = {
            "agreement": agreements,
            "majority_agreement": majority,
            "max_distance": distances[member].astype(np.float64),
        }
        for measure, values in measures.items():
            low, high = bootstrap_interval(
                values,
                samples=samples,
                generator=generator,
                groups=None if groups is None else groups[member],
            )
            for suffix, curve in (("", values.mean(axis=0)), ("_low", low), ("_high", high)):
                padded = np.full(pixels, np.nan)
                padded[: len(curve)] = curve
                columns[f"{kind}_{measure}{suffix}"] = padded
    return pd.DataFrame(columns)


def _agreements(
    steps: NDArray[np.uint8], rows: NDArray[np.intp]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Agreement at every K of some images, and whether it is more than half of K; on disk.

    Args:
        steps: (N, n) by how much agreement grows at each K.
        rows: (M,) the images.

    Returns:
        (M, n) each; the first of the smallest type that holds it.
    """
    pixels = steps.shape[1]
    agreements = Spool((pixels,), np.min_scalar_type(pixels))
    majority = Spool((pixels,), np.bool_)
    half = np.arange(1, pixels + 1) / 2
    for row in rows:
        agreement = steps[row].cumsum(dtype=np.min_scalar_type(pixels))
        agreements.append(agreement)
        majority.append(agreement > half)
    return agreements.array(), majority.array()
