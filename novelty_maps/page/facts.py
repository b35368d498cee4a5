"""What a run is of, in words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from novelty_maps.figures.style import in_words
from novelty_maps.params.whole import Params
from novelty_maps.pipeline.rows import Images
from novelty_maps.planting.planted import Planted


def run_facts(params: Params, rows: pd.DataFrame, *, classes: Sequence[str]) -> dict[str, str]:
    """The data set, its classes, the test images and the network, by what they are called.

    Args:
        params: The parameters.
        rows: Rows of the test part in the index table: label and novel.
        classes: Name of each class, in label order.
    """
    novel = rows["novel"] == 1
    size = params.data.image_size
    return {
        "data set": f"{in_words(params.data.name)}, {size}×{size} pixels",
        "normal": _names(rows["label"][~novel], classes),
        "novel": _names(rows["label"][novel], classes),
        "test images": f"{int((~novel).sum())} normal, {int(novel.sum())} novel",
        "autoencoder": in_words(params.train.network),
        "top K": f"{params.metrics.k} pixels",
    }


def belongs(table: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Whether a table of test images is of these rows of the index table."""
    columns = ["row", "label", "novel"]
    return table[columns].to_numpy().tolist() == rows[columns].to_numpy().tolist()


def planted_into(planted: Planted, images: Images) -> bool:
    """Whether novelties were planted into these test images.

    Args:
        planted: Planted test images.
        images: (N, C, H, W), the test images.
    """
    table = planted.table
    if planted.before.shape[1:] != images.shape[1:] or table["base_row"].max() >= len(images):
        return False
    pairs = zip(planted.before, table["base_row"], strict=True)
    return all(np.array_equal(before, images[row]) for before, row in pairs)


def _names(labels: "pd.Series[int]", classes: Sequence[str]) -> str:
    """Names of the classes that occur, in label order; their number where there are many."""
    found = [classes[label] for label in sorted(set(labels))]
    return ", ".join(found) if len(found) <= 12 else f"{len(found)} classes"
