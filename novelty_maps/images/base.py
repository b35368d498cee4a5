"""What a data set is, and the two files that tell of its images."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline.boxes import Boxes, box_columns


class Dataset(NamedTuple):
    """Images with labels and where they come from.

    Attributes:
        images: (N, C, H, W) uint8, 0..255.
        labels: (N,) int64.
        official_part: (N,) "train" or "test", or "none" where the data set has no official split.
        files: Name and checksum ("md5:..." or "sha256:...") of each source file.
        source: Where the files came from.
        classes: Name of each class, in label order.
        native_size: Height×width of the source images.
        masks: (M, H, W), True where an image is novel; none where the data set has no masks.
        mask_rows: (N,) row of each image's mask, or -1; (0,) where the data set has no masks.
        groups: (N,) number of each image's group; (0,) where each image is a group of its own.
        group_names: Name of each group, by its number.
        boxes: (N, 4), as of `pipeline.boxes`; None where no image is padded.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    official_part: NDArray[np.str_]
    files: dict[str, str]
    source: str
    classes: list[str]
    native_size: str
    masks: NDArray[np.bool_] = np.empty((0, 0, 0), np.bool_)
    mask_rows: NDArray[np.int64] = np.empty(0, np.int64)
    groups: NDArray[np.int64] = np.empty(0, np.int64)
    group_names: Sequence[str] = ()
    boxes: Boxes | None = None


def size_in_words(images: NDArray[np.uint8]) -> str:
    """Height×width of images (N, C, H, W)."""
    return "×".join(map(str, images.shape[2:]))


def label_table(dataset: Dataset) -> pd.DataFrame:
    """A row for each image.

    Returns:
        `label`, `official_part`, and `mask`, the row of its mask or -1; where an image is padded,
        its box, as of `pipeline.boxes`; and where there are groups, `group`, the number of its own.
    """
    table = pd.DataFrame(
        {
            "label": dataset.labels,
            "official_part": dataset.official_part,
            "mask": dataset.mask_rows if len(dataset.masks) else -1,
            **box_columns(dataset.boxes),
        }
    )
    return table.assign(group=dataset.groups) if len(dataset.groups) else table


def provenance(dataset: Dataset, *, name: str, image_size: int) -> dict[str, Any]:
    """Where the images come from and what they are; `groups`, their names, where there are any.

    Args:
        dataset: The data set.
        name: Its name in `data.name`.
        image_size: Side length in pixels that its images are brought to.
    """
    parts, counts = np.unique(dataset.official_part, return_counts=True)
    record = {
        "name": name,
        "source": dataset.source,
        "files": dataset.files,
        "classes": dataset.classes,
        "native_size": dataset.native_size,
        "image_size": image_size,
        "channels": dataset.images.shape[1],
        "counts": dict(zip(parts.tolist(), counts.tolist(), strict=True)),
    }
    return record | {"groups": list(dataset.group_names)} if len(dataset.groups) else record
