"""The images of one part of the split, as the stages after `split` read them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.boxes import Boxes, boxes_of
from novelty_maps.pipeline.errors import InputError, make_again
from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_LABELS, RAW_MASKS, SPLIT
from novelty_maps.pipeline.rows import Images, Rows, mean_of


def load_part(part: str, *, novel: bool = True) -> tuple[Rows, pd.DataFrame]:
    """Images of a part in the order of the index table, read when they are indexed.

    Args:
        part: "train", "validation" or "test".
        novel: Whether novel images are included.

    Returns:
        Images (N, C, H, W) uint8 and their rows of the index table.

    Raises:
        InputError: A file is missing or damaged, or the two do not belong together.
    """
    rows = load_rows(part, novel=novel)
    return Rows(_raw_images(), rows["source_row"]), rows


def load_rows(part: str, *, novel: bool = True) -> pd.DataFrame:
    """Rows of the index table, as of `load_part`, without reading an image."""
    images = _raw_images()
    table = formats.read_table(
        SPLIT,
        columns=["part"],
        integers=["row", "source_row", "label", "novel"],
        made_by="split",
    )
    if len(table) != len(images) or set(table["source_row"]) != set(range(len(images))):
        raise InputError(
            f"{SPLIT} indexes {len(table)} images, {RAW_IMAGES} has {len(images)}:"
            f" {make_again('split')}"
        )
    rows = table[(table["part"] == part) & (novel | (table["novel"] == 0))]
    return rows.reset_index(drop=True)


def image_shape() -> tuple[int, int, int]:
    """Channels, height and width of every image, without reading one."""
    _, channels, height, width = _raw_images().shape
    return channels, height, width


def load_masks(rows: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Masks of the data set, memory-mapped, and which of them belongs to each row.

    Args:
        rows: Rows of the index table, as of `load_part`.

    Returns:
        Masks (M, H, W), True where an image is novel; and for each row its place among them, (N,),
        -1 without a mask. M is 0 where the data set has no masks.

    Raises:
        InputError: A file is missing or damaged, or belongs to other images.
    """
    images = _raw_images()
    masks = arrays.read_array(
        RAW_MASKS, shape=(None, *images.shape[2:]), dtype=np.bool_, made_by="fetch"
    )
    labels = formats.read_table(RAW_LABELS, columns=[], integers=["mask"], made_by="fetch")
    place = labels["mask"].to_numpy(np.int64)
    if len(place) != len(images) or sorted(place[place != -1]) != list(range(len(masks))):
        raise InputError(
            f"{RAW_LABELS}, {RAW_IMAGES} and {RAW_MASKS} do not belong together:"
            " make them again with `python -m stages.fetch`"
        )
    return masks, place[rows["source_row"].to_numpy()]


def load_boxes(rows: pd.DataFrame) -> Boxes | None:
    """Boxes of the images of some rows of the index table; None where no image is padded.

    Args:
        rows: As of `load_part`.

    Raises:
        InputError: The file is missing or damaged, or belongs to other images.
    """
    labels = formats.read_table(RAW_LABELS, columns=[], made_by="fetch")
    if len(labels) != len(_raw_images()):
        raise InputError(
            f"{RAW_LABELS} has {len(labels)} rows, but {RAW_IMAGES} {len(_raw_images())}:"
            f" {make_again('fetch')}"
        )
    return boxes_of(labels.iloc[rows["source_row"]])


def mean_image(images: Images) -> NDArray[np.float32]:
    """Mean over images (N, C, H, W) uint8, (C, H, W) float32 in [0, 1]."""
    return (mean_of(images) / 255).astype(np.float32)


def load_mean_image() -> NDArray[np.float32]:
    """Mean of the normal training images, as of `mean_image`."""
    return mean_image(load_part("train", novel=False)[0])


def _raw_images() -> NDArray[np.uint8]:
    return arrays.read_array(RAW_IMAGES, shape=(None,) * 4, dtype=np.uint8, made_by="fetch")
