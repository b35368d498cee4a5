"""Figures: arrays and tables in, matplotlib figures out. Nothing is computed or saved here."""

from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stages.lib.errors import InputError

# Okabe & Ito's palette, told apart without colour vision.
NORMAL, NOVEL, CHANCE = "#0072B2", "#D55E00", "#7F7F7F"
STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def require_colormap(name: str) -> None:
    """Raise InputError unless matplotlib knows the colour map."""
    if name not in colormaps:
        raise InputError(
            f"plots.colormap is {name!r}, which matplotlib does not know: use gray, viridis, magma"
        )


def maps_figure(
    columns: dict[str, NDArray[np.floating]],
    top_pixels: dict[str, NDArray[np.int32]],
    *,
    labels: list[int],
    novel: list[bool],
    colormap: str,
) -> Figure:
    """Figure 1 of the paper, and one column more: the top K of both maps on the input.

    Args:
        columns: Title to images, (rows, H, W) or (rows, H, W, 3) in [0, 1]; the first is the input.
        top_pixels: "reconstruction error" and "saliency", (rows, K) flat indices each.
        labels: Class of each row.
        novel: Whether each row is novel.
        colormap: matplotlib colour map of one-channel images.
    """
    first = next(iter(columns.values()))
    height, width = first.shape[1:3]
    size = (1.1 * (len(columns) + 1) + 0.5, 1.1 * len(labels) + 0.75)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size)
        axes = figure.subplots(len(labels), len(columns) + 1, squeeze=False)
        for row, row_axes in enumerate(axes):
            for column, (axis, images) in enumerate(
                zip(row_axes, [*columns.values(), first], strict=True)
            ):
                faint = 0.45 if column == len(columns) else 1.0
                axis.imshow(
                    images[row], cmap=colormap, vmin=0, vmax=1, alpha=faint, interpolation="nearest"
                )
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
            kind = "novel" if novel[row] else "normal"
            row_axes[0].set_ylabel(f"{kind} {labels[row]}", color=NOVEL if novel[row] else NORMAL)
            _mark_pixels(row_axes[-1], top_pixels, row, (height, width))
        for axis, title in zip(axes[0], columns, strict=False):
            axis.set_title(title)
        k = next(iter(top_pixels.values())).shape[1]
        axes[0, -1].set_title(f"top {k} of both")
        figure.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside lower right", ncols=2)
    return figure


def _mark_pixels(
    axis: Axes, top_pixels: dict[str, NDArray[np.int32]], row: int, shape: tuple[int, int]
) -> None:
    styles: dict[str, dict[str, Any]] = {
        "reconstruction error": {"marker": "s", "facecolors": "none", "edgecolors": "#E69F00"},
        "saliency": {"marker": "x", "color": "#56B4E9"},
    }
    for name, indices in top_pixels.items():
        rows, columns = np.divmod(indices[row], shape[1])
        axis.scatter(columns, rows, s=16, linewidths=1.1, label=name, **styles[name])
    axis.set(xlim=(-0.5, shape[1] - 0.5), ylim=(shape[0] - 0.5, -0.5))


def agreement_figure(histogram: pd.DataFrame) -> Figure:
    """Figure 2 of the paper, with the distribution expected by chance.

    Args:
        histogram: Columns agreement, normal, novel, chance; frequencies that sum to 1.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.5, 2.8))
        axis = figure.subplots()
        position = histogram["agreement"].to_numpy()
        axis.bar(position - 0.2, histogram["normal"], 0.4, color=NORMAL, label="normal")
        axis.bar(position + 0.2, histogram["novel"], 0.4, color=NOVEL, label="novel")
        axis.plot(position, histogram["chance"], "o--", color=CHANCE, ms=3, lw=1, label="chance")
        k = int(position.max())
        axis.set(xlabel=f"top-{k} agreement (pixels)", ylabel="share of images")
        if k <= 20:
            axis.set_xticks(position)
        axis.legend()
    return figure


def agreement_by_k_figure(curve: pd.DataFrame, *, k: int) -> Figure:
    """Mean agreement as a share of K, over K, with 95% intervals and the chance level K/n.

    Args:
        curve: As `summary.by_k` returns it.
        k: The headline K, marked.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.5, 2.8))
        axis = figure.subplots()
        _curve_with_band(axis, curve, "agreement", divisor=curve["k"])
        share = curve["chance_agreement"] / curve["k"]
        axis.plot(curve["k"], share, "--", color=CHANCE, lw=1, label="chance")
        axis.axvline(k, color="black", lw=0.6, ls=":")
        axis.annotate(f" K = {k}", (k, 0.97), xycoords=("data", "axes fraction"), va="top")
        axis.set(xscale="log", xlabel="K (pixels)", ylabel="top-K agreement / K", ylim=(0, 1.02))
        axis.legend(loc="upper left")
    return figure


def _curve_with_band(
    axis: Axes, curve: pd.DataFrame, measure: str, *, divisor: "pd.Series[Any] | float" = 1.0
) -> None:
    for group, color in (("normal", NORMAL), ("novel", NOVEL)):
        name = f"{group}_{measure}"
        axis.plot(curve["k"], curve[name] / divisor, color=color, label=group)
        low, high = curve[f"{name}_low"] / divisor, curve[f"{name}_high"] / divisor
        axis.fill_between(curve["k"], low, high, color=color, alpha=0.25, lw=0)


def distances_figure(histogram: pd.DataFrame, curve: pd.DataFrame, *, k: int) -> Figure:
    """Distance to best match: its distribution at K, and its mean over K.

    Args:
        histogram: Columns distance (left edge of a bin, pixels), normal, novel.
        curve: As `summary.by_k` returns it.
        k: The headline K.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.8))
        left, right = figure.subplots(1, 2)
        edges = histogram["distance"].to_numpy()
        edges = np.append(edges, edges[-1] + (edges[1] - edges[0] if len(edges) > 1 else 1))
        for group, color in (("normal", NORMAL), ("novel", NOVEL)):
            left.stairs(histogram[group], edges, fill=True, color=color, alpha=0.25)
            left.stairs(histogram[group], edges, color=color, lw=1.2, label=group)
        left.set(xlabel=f"max distance to best match at K = {k} (pixels)", ylabel="share of images")
        left.legend()
        defined = curve[curve["normal_max_distance"].notna()]
        _curve_with_band(right, defined, "max_distance")
        right.axvline(k, color="black", lw=0.6, ls=":")
        right.set(xscale="log", xlabel="K (pixels)", ylabel="mean max distance (pixels)", ylim=0)
        right.legend()
    return figure


def explanation_figure(tables: dict[str, pd.DataFrame], *, k: int) -> Figure:
    """Agreement of images that are alike in the size or the direction of the indirect term.

    Args:
        tables: Axis label to a table with the columns novel, the measure, agreement and
            standard_error, as `histograms.agreement_by_decile` returns it.
        k: The headline K.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(tables), 2.8))
        panels = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
        for axis, (label, table) in zip(panels, tables.items(), strict=True):
            for novel, (group, color) in enumerate((("normal", NORMAL), ("novel", NOVEL))):
                rows = table[table["novel"] == novel]
                axis.errorbar(
                    rows.iloc[:, 1],
                    rows["agreement"],
                    1.96 * rows["standard_error"],
                    fmt="o-",
                    ms=3,
                    lw=1.2,
                    color=color,
                    label=group,
                )
            axis.set(xlabel=label)
        panels[0].set(ylabel=f"mean top-{k} agreement (pixels)", ylim=0)
        panels[0].legend(loc="upper right")
    return figure
