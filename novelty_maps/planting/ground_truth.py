"""Novelties that the data set itself has masks of, beside the planted ones."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline.boxes import Boxes
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.rows import Images
from novelty_maps.planting.planted import PairBoxes, Planted

GROUND_TRUTH = "ground_truth"  # stands among the kinds for the masks of the data set itself


def require_masks(kinds: Sequence[str], there_are: bool) -> None:
    """Raise InputError if the data set's own masks are asked for and it has none."""
    if GROUND_TRUTH in kinds and not there_are:
        raise InputError(
            f"plant.kinds has {GROUND_TRUTH}, but the data set has no masks: remove it from"
            " plant.kinds or take a data set with masks"
        )


def with_ground_truth(
    planted: Planted,
    normal: tuple[Images, pd.DataFrame],
    novel: tuple[Images, NDArray[np.str_]],
    masks: NDArray[np.bool_],
    mask_rows: NDArray[np.integer],
    *,
    generator: np.random.Generator,
    groups: "pd.Series[int] | None" = None,
    boxes: tuple[Boxes, Boxes] | None = None,
) -> Planted:
    """The planted images, and after them the novel ones that the data set has a mask of.

    Each has a normal image before it that is drawn at random. A novel image whose mask is empty
    is left out.

    Args:
        planted: Planted images.
        normal: (M, C, H, W) normal images and their rows of the index table.
        novel: (L, C, H, W) novel images and the names of their classes, which become their kinds.
        masks: (K, H, W) masks.
        mask_rows: (L,) for each novel image the place of its mask, or -1.
        generator: Draws the images before.
        groups: (L,) for each novel image its group, where images share one.
        boxes: (M, 4) and (L, 4) of the normal and the novel images, where some are padded.

    Raises:
        InputError: No novel image has a mask, or a class is named like a kind that is planted.
    """
    images, rows = normal
    novel_images, classes = novel
    pixels = np.append(np.count_nonzero(masks, axis=(1, 2)), 0)[mask_rows]
    shown = np.flatnonzero(pixels)
    require_shown(classes[shown], planted.table["kind"])
    drawn = generator.choice(len(images), shown.size, replace=shown.size > len(images))
    table = pd.DataFrame(
        {
            "row": len(planted.table) + np.arange(shown.size),
            "base_row": rows["row"].to_numpy()[drawn],
            "label": rows["label"].to_numpy()[drawn],
            "kind": classes[shown],
            "size": np.nan,
            "intensity": np.nan,
            "mask_pixels": pixels[shown],
            "paired": 0,
        }
    )
    if groups is not None:
        table["group"] = groups.to_numpy()[shown]
        table["base_group"] = rows["group"].to_numpy()[drawn]
    if boxes is not None:
        table = table.assign(**PairBoxes(boxes[0][drawn], boxes[1][shown]).columns())
    return Planted(
        np.concatenate([planted.before, images[drawn]]),
        np.concatenate([planted.after, novel_images[shown]]),
        np.concatenate([planted.mask, masks[mask_rows[shown]]]),
        _together(planted.table, table),
    )


def _together(planted: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """The rows of both tables; a planted novelty has the group of the image before, if any."""
    if "base_group" in own:
        planted = planted.assign(base_group=planted["group"])
    return pd.concat([planted, own], ignore_index=True)


def require_shown(classes: Collection[str], kinds: Iterable[str]) -> None:
    """Raise InputError unless there are defects to show, apart from what is planted.

    Args:
        classes: Names of the classes of novel test images with masks.
        kinds: The kinds that are planted.
    """
    if not len(classes):
        raise InputError(
            "plant.kinds has ground_truth, but no novel test image has a mask: remove it from"
            " plant.kinds or take a data set with masks"
        )
    both = sorted({*map(str, classes)} & {*kinds})
    if both:
        raise InputError(
            f"{both[0]} is a kind of novelty to plant and a class of the data set: remove it from"
            " plant.kinds or rename the class's folders"
        )
