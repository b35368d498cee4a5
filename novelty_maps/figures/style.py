"""What all figures share: colours, lines, intervals, notes."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from novelty_maps.maps.names import ABSOLUTE_REFERENCE, PERFECT, REFERENCE, short_name
from novelty_maps.pipeline.formats import matplotlib_defaults

# Okabe & Ito's palette, told apart without colour vision, and grey.
BLUE, VERMILION, ORANGE, SKY_BLUE = "#0072B2", "#D55E00", "#E69F00", "#56B4E9"
GREEN, PURPLE, BLACK, GREY = "#009E73", "#CC79A7", "#000000", "#7F7F7F"

NORMAL, NOVEL, CHANCE = BLUE, VERMILION, GREY
KINDS = (("normal", NORMAL), ("novel", NOVEL))  # in the order of the column `novel`

STYLE: Any = {
    **matplotlib_defaults(),
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


# Broken lines for relatives, grey for maps that never see the network.
_LOOKS = {
    REFERENCE: (BLUE, "-", "o"),
    "saliency": (VERMILION, "-", "s"),
    ABSOLUTE_REFERENCE: (SKY_BLUE, ":", "o"),
    "structural_dissimilarity": (BLUE, "--", "v"),
    "squared_saliency": (ORANGE, "-", "D"),
    "direct_term": (SKY_BLUE, "-", "^"),
    "indirect_term": (SKY_BLUE, "--", "v"),
    "smoothgrad": (PURPLE, "-", "P"),
    "integrated_gradients_black": (GREEN, "-", "<"),
    "integrated_gradients_mean": (GREEN, "--", ">"),
    "integrated_gradients_reconstruction": (GREEN, ":", "d"),
    "input_x_gradient": (PURPLE, "--", "X"),
    "guided_backpropagation": (BLACK, "-", "p"),
    "occlusion": (BLACK, "--", "h"),
    "uniform": (GREY, ":", "o"),
    "input_magnitude": (GREY, "--", "s"),
    "sobel": (GREY, "-", "^"),
    "distance_to_mean": (GREY, "-.", "D"),
    PERFECT: (BLACK, ":", "*"),
    "patchcore": (ORANGE, "--", "P"),
    "padim": (ORANGE, ":", "X"),
}


def line_look(method: str) -> dict[str, Any]:
    """Colour, line, marker and label of a map, the same in every figure."""
    color, line, marker = _LOOKS.get(method, (BLACK, "-.", "x"))
    return {"color": color, "ls": line, "marker": marker, "label": short_name(method)}


def in_words(name: str) -> str:
    """A name as a label: blanks for underscores, and no dollar sign begins a formula."""
    return name.replace("_", " ").replace("$", r"\$")


def error_lengths(rows: pd.DataFrame, measure: str) -> NDArray[np.float64]:
    """Lengths of the error bars of a measure, (2, N): below and above, never negative."""
    below = rows[measure] - rows[f"{measure}_low"]
    above = rows[f"{measure}_high"] - rows[measure]
    lengths: NDArray[np.float64] = np.maximum(np.stack([below, above]), 0)  # rounding in the file
    return lengths


def interval_band(
    axis: Axes,
    x: "pd.Series[Any]",
    rows: pd.DataFrame,
    measure: str,
    *,
    divisor: "pd.Series[Any] | float" = 1.0,
    **look: Any,
) -> None:
    """The interval of a measure along x, as a pale band.

    Args:
        axis: Where to draw.
        x: Place of each row.
        rows: Columns `measure` with _low and _high added.
        measure: Its name.
        divisor: What both ends are divided by.
        **look: Colour and edge, as matplotlib's `fill_between` takes them.
    """
    low, high = rows[f"{measure}_low"] / divisor, rows[f"{measure}_high"] / divisor
    axis.fill_between(x, low, high, alpha=0.25, **look)


def note(axis: Axes, text: str) -> None:
    """Words in an empty panel, of what there is nothing to draw of."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, text, ha="center", va="center", transform=axis.transAxes)
