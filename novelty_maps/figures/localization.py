"""Figures of how well maps find planted novelties; tables and arrays in, figures out."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from novelty_maps.figures.shown import over_all
from novelty_maps.figures.style import (
    CHANCE,
    NORMAL,
    STYLE,
    error_lengths,
    in_words,
    line_look,
    note,
)
from novelty_maps.localization.controls import network_beaten
from novelty_maps.maps.names import PERFECT, REFERENCE, short_name

_MEASURES = {"average_precision": "average precision", "aupro": "AUPRO"}
_CELL = 0.5  # inches a side of a small image
_SIDE = 0.94  # share of a cell's side that its image has
_LETTER = 0.07  # inches, about the width of one


def kinds_figure(table: pd.DataFrame, methods: Sequence[str]) -> Figure:
    """Average precision (top) and AUPRO (bottom) by kind of novelty, with 95% intervals.

    Args:
        table: `metrics/localization.csv`.
        methods: The maps that are shown, as of `shown.shown_methods`.
    """
    rows = pd.concat([over_all(table), table[table["grouping"] == "kind"]])
    groups = list(dict.fromkeys(rows["group"]))
    first = 1 if "all" in groups else 0  # all images stand apart, on the left
    position = {group: i + (0.3 if i >= first else 0.0) for i, group in enumerate(groups)}
    names = ["all images" if group == "all" else in_words(group) for group in groups]
    inches = min(11.0, max(7.2, 0.72 * len(groups) + 1.0))
    crowded = _LETTER * max(map(len, names), default=0) * len(names) > inches - 1.2
    width = 0.84 / max(1, len(methods))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(inches, 5.0))
        panels = figure.subplots(len(_MEASURES), 1, sharex=True)
        for axis, (measure, label) in zip(panels, _MEASURES.items(), strict=True):
            for i, method in enumerate(methods):
                bars = rows[rows["method"] == method]
                look = line_look(method)
                axis.bar(
                    bars["group"].map(position) + (i - (len(methods) - 1) / 2) * width,
                    bars[measure],
                    width,
                    yerr=error_lengths(bars, measure),
                    color=look["color"],
                    label=look["label"],
                    error_kw={"elinewidth": 0.9},
                )
            axis.set(ylabel=label, ylim=(0, None))
            axis.margins(x=0.01)
        turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
        panels[-1].set_xticks(list(position.values()), names, **turned if crowded else {})
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside upper center",
            ncols=max(1, len(methods)),
        )
        beaten = network_beaten(table)
        if beaten:
            panels[0].set_title(beaten, color=CHANCE)
    return figure


def gain_figure(table: pd.DataFrame) -> Figure:
    """What each map gains over the reconstruction error, all images, with 95% intervals.

    A row a map, sorted by gain in average precision, the controls below and in grey. The mask is
    left out: it gains what there is, and the axis would show little else.

    Args:
        table: `metrics/localization.csv`.
    """
    rows = over_all(table)
    reference = rows[rows["method"] == REFERENCE]
    shown = rows[~rows["method"].isin([REFERENCE, PERFECT])]
    shown = shown.sort_values(
        ["control", "average_precision_gain"], ascending=[True, False], kind="stable"
    )
    height = np.arange(len(shown))[::-1] - 0.5 * (shown["control"].to_numpy() == 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, max(1.8, 0.24 * len(shown) + 1.0)))
        panels = figure.subplots(1, len(_MEASURES), sharey=True)
        for axis, (measure, label) in zip(panels, _MEASURES.items(), strict=True):
            axis.axvline(0, color=NORMAL, lw=0.9, ls="--")
            lengths = error_lengths(shown, f"{measure}_gain")
            for control, color in ((0, "black"), (1, CHANCE)):
                part = shown["control"].to_numpy() == control
                axis.errorbar(
                    shown[f"{measure}_gain"][part],
                    height[part],
                    xerr=lengths[:, part],
                    fmt="o",
                    ms=4,
                    color=color,
                    elinewidth=1.2,
                )
            axis.set(xlabel=f"gain in {label}")
            for value in reference[measure]:
                axis.set_title(f"0 = {short_name(REFERENCE)} ({value:.3f})", color=NORMAL)
        panels[0].set_yticks(height, [short_name(method) for method in shown["method"]])
        for text, control in zip(panels[0].get_yticklabels(), shown["control"], strict=True):
            text.set_color(CHANCE if control == 1 else "black")
        panels[0].set_ylim(height.min(initial=0) - 0.6, height.max(initial=0) + 0.6)
    return figure


def size_figure(table: pd.DataFrame, methods: Sequence[str]) -> Figure:
    """AUPRO over the size and over the intensity of the novelty, with 95% intervals.

    Args:
        table: `metrics/localization.csv`.
        methods: The maps that are shown, as of `shown.shown_methods`.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.0))
        panels = figure.subplots(1, 2, sharey=True)
        for axis, grouping, label in (
            (panels[0], "size", "size (share of the image's side)"),
            (panels[1], "intensity", "intensity (share of the change)"),
        ):
            rows = table[table["grouping"] == grouping]
            rows = rows.assign(value=rows["group"].astype(float)).sort_values("value")
            values = sorted(set(rows["value"]))
            if not values:
                note(axis, f"no novelty has a known {grouping}")
                continue
            step = 0.02 * (values[-1] - values[0])  # intervals side by side
            for i, method in enumerate(methods):
                line = rows[rows["method"] == method]
                axis.errorbar(
                    line["value"] + step * (i - (len(methods) - 1) / 2),
                    line["aupro"],
                    error_lengths(line, "aupro"),
                    ms=4,
                    lw=1.2,
                    **line_look(method),
                )
            axis.set(xlabel=label)
            axis.set_xticks(values, [f"{value:g}" for value in values])
        panels[0].set(ylabel="AUPRO")
        drawn = max(panels, key=lambda axis: len(axis.containers))
        figure.legend(*drawn.get_legend_handles_labels(), loc="outside right center")
    return figure


def maps_figure(
    images: Mapping[str, NDArray[np.floating]],
    maps: Mapping[str, NDArray[np.floating]],
    *,
    kinds: Sequence[str],
    colormap: str,
) -> Figure:
    """A row of images a kind of novelty: before, planted, mask, and each map.

    Args:
        images: Title to square images, (rows, H, W) or (rows, H, W, 3) in [0, 1].
        maps: Method to maps (rows, H, W) in [0, 1]; NaN is left white.
        kinds: Kind of each row.
        colormap: matplotlib colour map of what has one channel.
    """
    columns = {**images, **{short_name(method): values for method, values in maps.items()}}
    left = _LETTER * max(map(len, kinds)) + 0.2
    top, right = (
        _LETTER * np.sqrt(0.5) * length + 0.1  # of titles at 45°
        for length in (max(map(len, columns)), len(list(columns)[-1]))
    )
    inner = _CELL * len(columns), _CELL * len(kinds)
    width, height = left + inner[0] + right, 0.1 + inner[1] + top
    with mpl.rc_context(STYLE | {"figure.constrained_layout.use": False}):
        figure = Figure(figsize=(width, height))
        axis = figure.add_axes((left / width, 0.1 / height, inner[0] / width, inner[1] / height))
        slant: dict[str, Any] = {"rotation": 45, "rotation_mode": "anchor"}
        look: dict[str, Any] = {"cmap": colormap, "vmin": 0, "vmax": 1, "interpolation": "nearest"}
        for x, (title, pictures) in enumerate(columns.items()):
            axis.text(x + 0.4 * _SIDE, -0.08, title, **slant)
            for y, picture in enumerate(pictures):
                axis.imshow(picture, extent=(x, x + _SIDE, y + _SIDE, y), **look)
        places = np.ndindex(len(columns), len(kinds))
        frames = [mpl.patches.Rectangle(place, _SIDE, _SIDE) for place in places]
        axis.add_collection(PatchCollection(frames, fc="none", ec=CHANCE, lw=0.4))
        axis.set(xlim=(0, len(columns)), ylim=(len(kinds), 0), xticks=[])
        axis.set_yticks(np.arange(len(kinds)) + _SIDE / 2, [in_words(kind) for kind in kinds])
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    return figure
