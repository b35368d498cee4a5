"""Images with a novelty of known place, as the stage `localization.plant` leaves them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.boxes import Boxes, box_columns, boxes_of
from novelty_maps.pipeline.errors import InputError, make_again

PLANTED = Path("data/planted")
_MADE_BY = "localization.plant"


def planted_path(part: str, name: str) -> Path:
    """One file on the planted images of a part: before.npy, after.npy, mask.npy or csv."""
    return PLANTED / f"{part}.{name}"


class PairBoxes(NamedTuple):
    """Boxes of padded images, as of `pipeline.boxes`, before and after a novelty; (N, 4) each."""

    before: Boxes
    after: Boxes

    def columns(self) -> dict[str, NDArray[np.int64]]:
        """The columns that `Planted.boxes` reads."""
        return box_columns(self.before, "before_") | box_columns(self.after, "after_")


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
            set itself has image and mask, and the image before is any normal one). Where images
            share one, `group`, that of the image that `after` is made from, and where the data
            set's own are among them `base_group`, that of the image before. Where images are
            padded, it has `PairBoxes.columns` as well.
    """

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    table: pd.DataFrame

    @property
    def boxes(self) -> PairBoxes | None:
        """Boxes of the images; None where none is padded."""
        before, after = (boxes_of(self.table, f"{moment}_") for moment in PairBoxes._fields)
        return None if before is None or after is None else PairBoxes(before, after)

    @property
    def boxes_after(self) -> Boxes | None:
        """Those of the images after."""
        return self.boxes and self.boxes.after


def write_planted(part: str, planted: Planted) -> None:
    """Write the planted images of a part, "validation" or "test", their masks and their table."""
    for name in ("before", "after", "mask"):
        arrays.write_array(planted_path(part, f"{name}.npy"), getattr(planted, name))
    formats.write_table(planted_path(part, "csv"), planted.table)


def load_planted(part: str) -> Planted:
    """Planted images of a part, the arrays memory-mapped.

    Args:
        part: "validation" or "test".

    Raises:
        InputError: A file is missing or damaged, or they do not belong together.
    """
    first = planted_path(part, "before.npy")
    before = arrays.read_array(first, shape=(None,) * 4, dtype=np.uint8, made_by=_MADE_BY)
    after = arrays.read_array(
        planted_path(part, "after.npy"), shape=before.shape, dtype=np.uint8, made_by=_MADE_BY
    )
    mask = arrays.read_array(
        planted_path(part, "mask.npy"),
        shape=(len(before), *before.shape[2:]),
        dtype=np.bool_,
        made_by=_MADE_BY,
    )
    path = planted_path(part, "csv")
    table = formats.read_table(
        path,
        columns=["kind", "size", "intensity"],
        integers=["row", "base_row", "label", "mask_pixels", "paired"],
        made_by=_MADE_BY,
    )
    if table["row"].tolist() != list(range(len(before))):
        raise InputError(
            f"{path} has not the {len(before)} rows of {first}: {make_again(_MADE_BY)}"
        )
    return Planted(before, after, mask, table)
