"""The same images under several runs: what each makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.figures.examples import MARKED_MAPS, for_display
from novelty_maps.page.images import MAP_COLORS, drawn_rows, input_pictures, map_pictures, top_of
from novelty_maps.page.sprites import (
    SMALLEST,
    eight_bit,
    fitting_side,
    in_batches,
    reduced,
    sheet,
)
from novelty_maps.pipeline.rows import Images

MOST = 100  # images at most
_LEAST = 12  # images, as long as there are so many
_PIXELS = 3_000_000  # of all sheets together, about


class Measure(NamedTuple):
    """A number of every image in every run.

    Attributes:
        column: Of `ShownRun.numbers`.
        label: What it is called.
        differs: What is asked of it to find images in which runs differ.
    """

    column: str
    label: str
    differs: str


class ShownRun(NamedTuple):
    """What one run makes of the images that are shown.

    Attributes:
        name: Of the run.
        says: Its settings, in words.
        sheets: Name to the pictures of the images, as of `sprites.sheet`.
        top: Map to the flat indices of its top K, a row an image; empty if none is shown.
        width: Pixels of a map's row.
        numbers: A row an image, in the same order.
    """

    name: str
    says: str
    sheets: Mapping[str, Any]
    top: Mapping[str, list[list[int]]]
    width: int
    numbers: pd.DataFrame


class Size(NamedTuple):
    """How many images are shown, and how large.

    Attributes:
        rows: Which of the images that all runs have, ascending.
        pixels: Those of a sheet, about.
    """

    rows: NDArray[np.int64]
    pixels: int


def shown_size(count: int, *, sheets: int) -> Size:
    """Which images there is room for, at random among those that all runs have.

    Args:
        count: Number of those.
        sheets: Pictures of each image, of all runs together.
    """
    room = _PIXELS // (SMALLEST**2 * max(1, sheets))
    rows = drawn_rows(count, min(MOST, max(_LEAST, room)), seed=0)
    return Size(rows, _PIXELS // max(1, sheets))


def shown_run(
    name: str,
    says: str,
    *,
    size: Size,
    drawn: NDArray[np.int64],
    numbers: pd.DataFrame,
    maps: Mapping[str, NDArray[np.float32]] | None = None,
    reconstructions: NDArray[np.float32] | None = None,
    k: int | None = None,
    colormap: str = "gray",
) -> ShownRun:
    """What one run makes of some images.

    Args:
        name: Of the run.
        says: Its settings, in words.
        size: As of `shown_size`.
        drawn: Rows of the images in what follows.
        numbers: What is measured of each image that is drawn, in their order.
        maps: Name to maps (M, H, W), of which the absolute ones are shown.
        reconstructions: (M, C, H, W).
        k: K of the top K of `MARKED_MAPS`, if it is shown.
        colormap: matplotlib colour map of one-channel images.
    """
    sheets = {}
    width = 0
    if reconstructions is not None:
        side = fitting_side(len(drawn), reconstructions.shape[-1], pixels=size.pixels)
        pictures = in_batches(
            lambda values: eight_bit(reduced(for_display(values), side)), reconstructions, drawn
        )
        sheets["reconstruction"] = sheet(pictures, colormap=colormap)
    for method, values in (maps or {}).items():
        width = values.shape[-1]
        side = fitting_side(len(drawn), width, pixels=size.pixels)
        sheets[method] = sheet(map_pictures(values, drawn, side), colormap=MAP_COLORS)
    top = {} if k is None or maps is None else {n: top_of(maps[n], drawn, k) for n in MARKED_MAPS}
    return ShownRun(name, says, sheets, top, width, numbers)


def same_images(
    rows: pd.DataFrame,
    images: Images,
    runs: Sequence[ShownRun],
    measures: Sequence[Measure],
    *,
    size: Size,
    drawn: NDArray[np.int64],
    total: int,
    pictures: Mapping[str, str],
    masks: NDArray[np.bool_] | None = None,
    colormap: str = "gray",
) -> dict[str, Any]:
    """The same images under each run, for the page's scripts.

    Args:
        rows: `row`, `name` and `kind` of each image that is drawn.
        images: (M, C, H, W), as the first run has them.
        runs: Of the same images in the same order.
        measures: What is said of each image.
        size: As of `shown_size`.
        drawn: Rows of them in `images` and `masks`.
        total: Number of images that all runs have.
        pictures: Name of a sheet, or "top", to its label.
        masks: (M, H, W) where images are novel, if that is known.
        colormap: matplotlib colour map of one-channel images.

    Returns:
        `rows`, a mapping an image, each with `differs_COLUMN`, by how much the number differs
        between runs; `sheets` of the `input` and, where it is known, the `mask`; `runs`, a mapping
        each with `numbers`, a mapping an image; `orders`, `pictures`, `measures`; `total`.
    """
    side = fitting_side(len(drawn), images.shape[-1], pixels=size.pixels)
    sheets = {"input": sheet(input_pictures(images, drawn, side), colormap=colormap)}
    if masks is not None:
        novel = reduced(masks[drawn].astype(np.float32), side) >= 0.5
        sheets["mask"] = sheet(255 * novel.astype(np.uint8))
    rows = rows.reset_index(drop=True)
    for each in measures:
        values = np.stack([run.numbers[each.column].to_numpy(np.float64) for run in runs])
        rows[f"differs_{each.column}"] = values.max(axis=0) - values.min(axis=0)
    return {
        "rows": rows.to_dict(orient="records"),
        "total": total,
        "sheets": sheets,
        "runs": [
            run._asdict() | {"numbers": run.numbers.to_dict(orient="records")} for run in runs
        ],
        "orders": [*([f"differs_{m.column}", m.differs] for m in measures), ["row", "number"]],
        "pictures": [list(each) for each in pictures.items()],
        "measures": [[each.column, each.label] for each in measures],
    }
