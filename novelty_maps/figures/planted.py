"""Figures of planted novelties: arrays and a table in, matplotlib figures out."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from novelty_maps.figures.style import CHANCE, STYLE, in_words
from novelty_maps.planting.planted import Planted

_OUTLINE = "#00FFFF"
_SECOND = 1.1  # where the second image of a pair begins, in widths of an image


def contact_sheet(planted: Planted) -> Figure:
    """Each kind of novelty in a row: images before and after, the pixels of the mask outlined.

    A column is a size and an intensity, of which the first image is shown. Images with a mask of
    the data set's own have neither and fill the columns in their order.

    Args:
        planted: Images of which some are paired.
    """
    table = planted.table
    paired = table[table["paired"] == 1]
    columns = sorted(set(zip(paired["size"], paired["intensity"], strict=True)))
    kinds = list(dict.fromkeys(zip(table["kind"], table["paired"], strict=True)))
    height, width = planted.mask.shape[1:]
    step = np.array([2.25 * width, 1.1 * height])  # from a pair to the next one
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 * len(columns) + 1.1, 0.78 * len(kinds) + 0.7))
        axis = figure.subplots()
        for y, (kind, is_paired) in enumerate(kinds):
            of_kind = table[(table["kind"] == kind) & (table["paired"] == is_paired)]
            shown = _first_of_each(of_kind, columns) if is_paired else list(of_kind["row"])
            for x, row in enumerate(shown[: len(columns)]):
                if row is not None:
                    _pair(axis, planted, row, corner=step * (x, y))
        names = [in_words(kind) + ("" if paired else "\n(unpaired)") for kind, paired in kinds]
        titles = [f"size {size:g}\nintensity {intensity:g}" for size, intensity in columns]
        axis.set_yticks(step[1] * np.arange(len(names)) + height / 2, names)
        axis.set_xticks(step[0] * np.arange(len(titles)) + _SECOND * width, titles)
        right, bottom = step * (len(titles) - 1, len(names) - 1) + (2.1 * width, height)
        axis.set(xlim=(0, right), ylim=(bottom, 0))
        axis.xaxis.tick_top()
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        figure.supxlabel("each pair: before, and after with the mask outlined", fontsize=9)
    return figure


def _first_of_each(of_kind: pd.DataFrame, columns: list[tuple[float, float]]) -> list[int | None]:
    first = of_kind.drop_duplicates(["size", "intensity"])
    rows = dict(zip(zip(first["size"], first["intensity"], strict=True), first["row"], strict=True))
    return [rows.get(column) for column in columns]


def _pair(axis: Axes, planted: Planted, row: int, *, corner: NDArray[np.float64]) -> None:
    """Both images side by side, a tenth of their width apart, in units of pixels."""
    height, width = planted.mask.shape[1:]
    left, top = corner
    starts = (left, left + _SECOND * width)
    frame: dict[str, Any] = {"fill": False, "ec": CHANCE, "lw": 0.5}
    for start, image in zip(starts, (planted.before[row], planted.after[row]), strict=True):
        colors = np.broadcast_to(image, (3, height, width)).transpose(1, 2, 0)
        extent = (start, start + width, top + height, top)
        axis.imshow(colors, extent=extent, interpolation="nearest")
        axis.add_patch(mpl.patches.Rectangle((start, top), width, height, **frame))
    outline = _outline(planted.mask[row]) + np.array([starts[1], top])
    axis.add_collection(LineCollection(list(outline), colors=_OUTLINE, linewidths=0.6))


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Edges between pixels in the mask and outside: (E, 2, 2), two ends (x, y) each."""
    padded = np.pad(mask, 1)
    top, x = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    y, left = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    across = np.stack([[x, top], [x + 1, top]])
    down = np.stack([[left, y], [left, y + 1]])
    return np.concatenate([across, down], axis=2).transpose(2, 0, 1).astype(np.float64)
