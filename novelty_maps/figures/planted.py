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
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 * len(columns) + 1.1, 0.8 * len(kinds) + 0.8))
        axes = figure.subplots(len(kinds), len(columns), squeeze=False)
        for (kind, is_paired), row_axes in zip(kinds, axes, strict=True):
            of_kind = table[(table["kind"] == kind) & (table["paired"] == is_paired)]
            shown = _first_of_each(of_kind, columns) if is_paired else list(of_kind["row"])
            for axis, row in zip(row_axes, shown, strict=False):
                if row is not None:
                    _pair(axis, planted, row)
            for axis in row_axes:
                axis.set(xticks=[], yticks=[], box_aspect=height / (2.1 * width))
                axis.spines[:].set_visible(False)
            name = in_words(kind) + ("" if is_paired else "\n(unpaired)")
            row_axes[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for axis, (size, intensity) in zip(axes[0], columns, strict=True):
            axis.set_title(f"size {size:g}\nintensity {intensity:g}")
        figure.supxlabel("each pair: before, and after with the mask outlined", fontsize=9)
    return figure


def _first_of_each(of_kind: pd.DataFrame, columns: list[tuple[float, float]]) -> list[int | None]:
    first = of_kind.drop_duplicates(["size", "intensity"])
    rows = dict(zip(zip(first["size"], first["intensity"], strict=True), first["row"], strict=True))
    return [rows.get(column) for column in columns]


def _pair(axis: Axes, planted: Planted, row: int) -> None:
    """Both images side by side, a tenth of their width apart, in units of pixels."""
    height, width = planted.mask.shape[1:]
    starts = (0.0, 1.1 * width)
    frame: dict[str, Any] = {"fill": False, "ec": CHANCE, "lw": 0.5}
    for start, image in zip(starts, (planted.before[row], planted.after[row]), strict=True):
        colors = np.broadcast_to(image, (3, height, width)).transpose(1, 2, 0)
        extent = (start, start + width, height, 0)
        axis.imshow(colors, extent=extent, interpolation="nearest")
        axis.add_patch(mpl.patches.Rectangle((start, 0), width, height, **frame))
    outline = _outline(planted.mask[row]) + np.array([starts[1], 0])
    axis.add_collection(LineCollection(list(outline), colors=_OUTLINE, linewidths=0.6))
    axis.set(xlim=(0, starts[1] + width), ylim=(height, 0))


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Edges between pixels in the mask and outside: (E, 2, 2), two ends (x, y) each."""
    padded = np.pad(mask, 1)
    top, x = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    y, left = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    across = np.stack([[x, top], [x + 1, top]])
    down = np.stack([[left, y], [left, y + 1]])
    return np.concatenate([across, down], axis=2).transpose(2, 0, 1).astype(np.float64)
