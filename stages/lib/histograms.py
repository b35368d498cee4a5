"""The tables behind the figures: frequencies, and which images are shown."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats


def agreement_histogram(per_image: pd.DataFrame, *, k: int, pixels: int) -> pd.DataFrame:
    """Share of images with each top-K agreement (Figure 2), and what two random K-sets give.

    Args:
        per_image: Columns agreement, novel.
        k: The K.
        pixels: Pixels of an image; the chance distribution is hypergeometric.

    Returns:
        A row per agreement 0..K: agreement, normal, novel, chance; each sums to 1.
    """
    table = pd.DataFrame({"agreement": np.arange(k + 1)})
    for name, group in _groups(per_image):
        table[name] = np.bincount(group["agreement"], minlength=k + 1) / len(group)
    table["chance"] = stats.hypergeom.pmf(table["agreement"], pixels, k, k)
    return table


def distance_histogram(per_image: pd.DataFrame) -> pd.DataFrame:
    """Share of images by maximum distance to best match, in bins of one pixel.

    Args:
        per_image: Columns max_distance_saliency_to_error, novel.

    Returns:
        A row per bin: distance (its left edge), normal, novel; each sums to 1.
    """
    values = per_image["max_distance_saliency_to_error"]
    edges = np.arange(int(values.max()) + 2)
    table = pd.DataFrame({"distance": edges[:-1]})
    for name, group in _groups(per_image):
        counts, _ = np.histogram(group["max_distance_saliency_to_error"], edges)
        table[name] = counts / len(group)
    return table


def agreement_by_decile(per_image: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Mean agreement of images that are alike in a measure, ten groups of equal size.

    Args:
        per_image: Columns agreement, novel and the measure.
        measure: Column that the images are sorted by; rows without a value are left out.

    Returns:
        A row per kind and group: novel, `measure` (mean in the group), agreement (mean),
        standard_error of the agreement.
    """
    rows = []
    for novel, (_, group) in enumerate(_groups(per_image.dropna(subset=[measure]))):
        order = group.sort_values(measure, kind="stable")
        for part in np.array_split(np.arange(len(order)), min(10, len(order))):
            values = order.iloc[part]
            rows.append(
                {
                    "novel": novel,
                    measure: values[measure].mean(),
                    "agreement": values["agreement"].mean(),
                    "standard_error": values["agreement"].sem() if len(values) > 1 else np.nan,
                }
            )
    return pd.DataFrame(rows, columns=["novel", measure, "agreement", "standard_error"])


def _groups(per_image: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [
        ("normal", per_image[per_image["novel"] == 0]),
        ("novel", per_image[per_image["novel"] == 1]),
    ]


def draw_examples(
    novel: NDArray[np.bool_], *, count: int, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Rows to show: up to `count` normal ones, then up to `count` novel ones, at random."""
    kinds = (np.flatnonzero(~novel), np.flatnonzero(novel))
    return np.concatenate(
        [generator.choice(rows, min(count, len(rows)), replace=False) for rows in kinds]
    )


def for_display(images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Images (N, C, H, W) as matplotlib takes them, (N, H, W) or (N, H, W, 3), cut to [0, 1]."""
    channels_last: NDArray[np.floating] = np.clip(images, 0, 1).transpose(0, 2, 3, 1)
    return channels_last[..., 0] if channels_last.shape[-1] == 1 else channels_last
