"""Figures of whether maps are true to the network; tables in, matplotlib figures out."""

from collections.abc import Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from novelty_maps.figures.style import CHANCE, STYLE, error_lengths, line_look, note
from novelty_maps.maps.names import short_name

_SIMILARITIES = {
    "spearman": "Spearman's ρ",
    "ssim": "SSIM",
    "average_precision": "average precision",
}

_MEASURES = {"deletion": "deletion (lower is better)", "insertion": "insertion (higher is better)"}
_NAMED_LAYERS = 20  # whose names still fit below an axis


def randomization_figure(table: pd.DataFrame) -> Figure:
    """Similarity to the trained network's map, and average precision, along the randomization.

    Args:
        table: `metrics/randomization.csv`; if it has no rows, the figure says so.
    """
    layers = table.drop_duplicates("step").set_index("step")["layer"].sort_index()
    methods = list(dict.fromkeys(table["method"]))
    with mpl.rc_context(STYLE):
        if table.empty:
            figure = Figure(figsize=(7.2, 1.5))
            note(figure.subplots(), "This network has no layers that could be re-initialised.")
            return figure
        named = len(layers) <= _NAMED_LAYERS
        figure = Figure(figsize=(7.2, 6.6 if named else 5.8))
        panels = figure.subplots(len(_SIMILARITIES), 1, sharex=True)
        for axis, (measure, label) in zip(panels, _SIMILARITIES.items(), strict=True):
            for method in methods:
                line = table[table["method"] == method].sort_values("step")
                axis.plot(line["step"], line[measure], ms=3, lw=1.2, **line_look(method))
            axis.axhline(0, color=CHANCE, lw=0.6)
            axis.set(ylabel=label)
        if named:
            names = ["trained", *layers.iloc[1:].astype(str)]
            panels[-1].set_xticks(layers.index, names, rotation=90, fontsize=8)
            panels[-1].set(xlabel="layer re-initialised last; those to its left before it")
        else:
            panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
            panels[-1].set(xlabel="layers re-initialised, from the output (0: trained)")
            _parts(panels, layers)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def _parts(panels: Sequence[Axes], layers: "pd.Series[str]") -> None:
    """Mark where each part of the network begins, as decoder and encoder, and name it on top."""
    parts = layers.iloc[1:].astype(str).str.partition(".")[0]
    starts = parts[parts != parts.shift()]
    edges = starts.index.to_numpy() - 0.5
    for axis in panels:
        for edge in edges:
            axis.axvline(edge, color=CHANCE, lw=0.6, ls=":")
    for edge, name in zip(edges, starts, strict=True):
        panels[0].annotate(f" {name}", (edge, 1.01), xycoords=("data", "axes fraction"))


def deletion_figure(table: pd.DataFrame) -> Figure:
    """Areas under the deletion and insertion curves, a column a baseline, with 95% intervals.

    Each panel has its own scale: only maps in the same panel compare.

    Args:
        table: `metrics/faithfulness.csv`.
    """
    methods = list(dict.fromkeys(table["method"]))
    names = list(dict.fromkeys(table["baseline"]))
    size = (1.6 * len(names) + 1.4, 2 * max(1.0, 0.19 * len(methods) + 0.7))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size)
        panels = figure.subplots(len(_MEASURES), len(names), squeeze=False, sharey=True)
        for row, (measure, label) in zip(panels, _MEASURES.items(), strict=True):
            for axis, baseline in zip(row, names, strict=True):
                part = table[(table["measure"] == measure) & (table["baseline"] == baseline)]
                _dots(axis, part, methods)
            row[0].set_ylabel(label)
        for axis, baseline in zip(panels[0], names, strict=True):
            axis.set_title(baseline)
        figure.supxlabel(
            "area under the curve of the loss, relative to that of the unchanged image", fontsize=9
        )
        figure.suptitle("pixels replaced by", fontsize=9)
    return figure


def _dots(axis: Axes, part: pd.DataFrame, methods: list[str]) -> None:
    """One row a method, the first on top."""
    for y, method in enumerate(reversed(methods)):
        one = part[part["method"] == method]
        look = line_look(method) | {"ls": "none"}
        axis.errorbar(
            one["area"], [y] * len(one), xerr=error_lengths(one, "area"), ms=4, lw=1.2, **look
        )
    axis.set_yticks(range(len(methods)), [short_name(method) for method in reversed(methods)])
    axis.grid(axis="y", color=CHANCE, alpha=0.25, lw=0.5)
    axis.set(ylim=(-0.6, len(methods) - 0.4))
    axis.xaxis.set_major_locator(MaxNLocator(4))
