"""Images with a novelty of known place, as the stages after `plant` read them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.lib import artifacts, paths
from stages.lib.errors import InputError


class Planted(NamedTuple):
    """Images without and with a novelty, and where it is.

    Attributes:
        before: (N, C, H, W) uint8, normal images.
        after: (N, C, H, W) uint8, novel images.
        mask: (N, H, W) bool, the pixels that are novel in `after`.
        table: A row per image: `row` (0..N-1), `base_row` (row of the image before, within its
            part of the split), `label` (its class), `kind`, `size` (share of the side),
            `intensity` (share of the change), `mask_pixels`, `paired` (1 where the images before
            and after differ in the novelty alone; 0, without size and intensity, where the data
            set itself has image and mask, and the image before is any normal one).
    """

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    table: pd.DataFrame


def load_planted(part: str) -> Planted:
    """Planted images of a part, the arrays memory-mapped.

    Args:
        part: "validation" or "test".

    Raises:
        InputError: A file is missing or damaged, or they do not belong together.
    """
    before = artifacts.read_array(
        paths.planted_path(part, "before.npy"),
        shape=(None,) * 4,
        dtype=np.uint8,
        made_by="plant",
    )
    after = artifacts.read_array(
        paths.planted_path(part, "after.npy"), shape=before.shape, dtype=np.uint8, made_by="plant"
    )
    mask = artifacts.read_array(
        paths.planted_path(part, "mask.npy"),
        shape=(len(before), *before.shape[2:]),
        dtype=np.bool_,
        made_by="plant",
    )
    path = paths.planted_path(part, "csv")
    table = artifacts.read_table(
        path,
        columns=["kind", "size", "intensity"],
        integers=["row", "base_row", "label", "mask_pixels", "paired"],
        made_by="plant",
    )
    if table["row"].tolist() != list(range(len(before))):
        raise InputError(
            f"{path} has not the {len(before)} rows of {paths.planted_path(part, 'before.npy')}:"
            " make it again with `python -m stages.plant`"
        )
    return Planted(before, after, mask, table)


class PlantedMaps(NamedTuple):
    """A map of the images before and after a novelty, (N, H, W) float32 each, not negative."""

    before: NDArray[np.float32]
    after: NDArray[np.float32]


def load_planted_map(part: str, moment: str, method: str, planted: Planted) -> NDArray[np.float32]:
    """One map of the planted images of a part, (N, H, W) float32, memory-mapped and with its sign.

    Args:
        part: "validation" or "test".
        moment: "before" or "after".
        method: Name of the map.
        planted: The images, whose shape the map must fit.

    Raises:
        InputError: The file is missing or damaged, or belongs to other images.
    """
    maps: NDArray[np.float32] = artifacts.read_array(
        paths.planted_map_path(part, moment, method),
        shape=planted.mask.shape,
        dtype=np.float32,
        made_by="planted_maps",
    )
    return maps


def load_planted_maps(
    part: str, methods: Sequence[str], planted: Planted
) -> dict[str, PlantedMaps]:
    """Magnitudes of the maps of the planted images of a part.

    Args:
        part: "validation" or "test".
        methods: Names of the maps.
        planted: The images, whose shape the maps must fit.

    Raises:
        InputError: A file is missing or damaged, or belongs to other images.
    """
    return {
        method: PlantedMaps(
            *(
                np.abs(load_planted_map(part, moment, method, planted))
                for moment in PlantedMaps._fields
            )
        )
        for method in methods
    }


def with_ground_truth(
    planted: Planted,
    normal: tuple[NDArray[np.uint8], pd.DataFrame],
    novel: tuple[NDArray[np.uint8], NDArray[np.str_]],
    masks: NDArray[np.bool_],
    mask_rows: NDArray[np.integer],
    *,
    generator: np.random.Generator,
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

    Raises:
        InputError: No novel image has a mask, or a class is named like a kind that is planted.
    """
    images, rows = normal
    novel_images, classes = novel
    pixels = np.append(np.count_nonzero(masks, axis=(1, 2)), 0)[mask_rows]
    shown = np.flatnonzero(pixels)
    if not shown.size:
        raise InputError(
            "plant.kinds has ground_truth, but no novel test image has a mask: remove it from"
            " plant.kinds or take a data set with masks"
        )
    both = sorted({*classes[shown].tolist()} & {*planted.table["kind"]})
    if both:
        raise InputError(
            f"{both[0]} is a kind of novelty to plant and a class of the data set: remove it from"
            " plant.kinds or rename the class's folders"
        )
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
    return Planted(
        np.concatenate([planted.before, images[drawn]]),
        np.concatenate([planted.after, novel_images[shown]]),
        np.concatenate([planted.mask, masks[mask_rows[shown]]]),
        pd.concat([planted.table, table], ignore_index=True),
    )
