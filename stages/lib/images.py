"""The images of one part of the split, as the stages after `split` read them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.lib import artifacts, paths
from stages.lib.errors import InputError


def load_part(part: str, *, novel: bool = True) -> tuple[NDArray[np.uint8], pd.DataFrame]:
    """Images of a part in the order of the index table.

    Args:
        part: "train", "validation" or "test".
        novel: Whether novel images are included.

    Returns:
        Images (N, C, H, W) uint8 and their rows of the index table.

    Raises:
        InputError: A file is missing or damaged, or the two do not belong together.
    """
    images = artifacts.read_array(
        paths.RAW_IMAGES, shape=(None,) * 4, dtype=np.uint8, made_by="fetch"
    )
    table = artifacts.read_table(
        paths.SPLIT,
        columns=["part"],
        integers=["row", "source_row", "label", "novel"],
        made_by="split",
    )
    if len(table) != len(images) or set(table["source_row"]) != set(range(len(images))):
        raise InputError(
            f"{paths.SPLIT} indexes {len(table)} images, {paths.RAW_IMAGES} has {len(images)}:"
            " make the split again with `python -m stages.split`"
        )
    rows = table[(table["part"] == part) & (novel | (table["novel"] == 0))]
    return images[rows["source_row"].to_numpy()], rows.reset_index(drop=True)


def load_maps(methods: Iterable[str], images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Maps of the test images, memory-mapped.

    Args:
        methods: Names of the maps.
        images: (N, C, H, W), the test images, whose shape the maps must fit.

    Returns:
        Method to maps (N, H, W) float32.

    Raises:
        InputError: A file is missing or damaged, or belongs to other images.
    """
    shape = (len(images), *images.shape[2:])
    return {
        method: artifacts.read_array(
            paths.map_path(method), shape=shape, dtype=np.float32, made_by="maps"
        )
        for method in methods
    }
