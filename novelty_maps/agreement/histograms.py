"""The tables behind the figures: frequencies, and means of images that are alike."""

import numpy as np
import pandas as pd
import scipy

from novelty_maps.agreement.kinds import normal_and_novel


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
    for name, group in normal_and_novel(per_image).items():
        table[name] = np.bincount(group["agreement"], minlength=k + 1) / len(group)
    table["chance"] = scipy.stats.hypergeom.pmf(table["agreement"], pixels, k, k)
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
    for name, group in normal_and_novel(per_image).items():
        counts, _ = np.histogram(group["max_distance_saliency_to_error"], edges)
        table[name] = counts / len(group)
    return table


def agreement_by_decile(per_image: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Mean agreement of images that are alike in a measure, ten groups of equal size.

    Args:
        per_image: Columns agreement, novel and the measure.
        measure: Column that the images are sorted by; rows without a value are left out.

    Returns:
        A row per kind and group: novel, `measure` (mean in the group), agreement (mean) with the
        ends of its interval, 1.96 standard errors away, `agreement_low` and `agreement_high`; NaN
        for a single image. A kind without values has no row.
    """
    rows = []
    groups = normal_and_novel(per_image.dropna(subset=[measure]))
    for novel, group in enumerate(groups.values()):
        order = group.sort_values(measure, kind="stable")
        count = min(10, len(order))
        for part in np.array_split(np.arange(len(order)), count) if count else []:
            values = order.iloc[part]
            agreements = values["agreement"].to_numpy(np.float64)
            size, mean = len(agreements), agreements.mean()
            half = 1.96 * (agreements.std(ddof=1) / np.sqrt(size)) if size > 1 else np.nan
            rows.append((novel, values[measure].mean(), mean, mean - half, mean + half))
    columns = ["novel", measure, "agreement", "agreement_low", "agreement_high"]
    return pd.DataFrame(rows, columns=columns)
