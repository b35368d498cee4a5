"""Figures of what oracles reach with few labels, and on a class that they never saw."""

from collections.abc import Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from novelty_maps.figures.representation import curve, look
from novelty_maps.figures.style import CHANCE, NORMAL, NOVEL, STYLE, error_lengths, in_words


def labelled_anomalies_figure(table: pd.DataFrame, *, anomalies: int) -> Figure:
    """AUROC of each oracle over the number of labelled anomalies it saw, a panel an oracle.

    Bars are the interval of the mean over draws, the pale band one standard deviation over draws.

    Args:
        table: As `examine` returns it.
        anomalies: Novel validation images, the number behind "all".
    """
    told = ~table["labels"].isin(["none", "other classes"])
    rows = table[told & (table["novel_class"] == "all")].copy()
    rows["count"] = rows["labels"].replace({"all": str(anomalies)}).astype(int)
    oracles = list(dict.fromkeys(rows["detector"]))
    names = list(dict.fromkeys(table["representation"]))
    ticks = sorted(set(rows["count"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.5 * len(oracles) + 1.9, 3.0))
        axes = figure.subplots(1, len(oracles), sharex=True, sharey=True, squeeze=False).ravel()
        for axis, oracle in zip(axes, oracles, strict=True):
            chosen = rows[rows["detector"] == oracle].sort_values("count", kind="stable")
            for name, group in chosen.groupby("representation", sort=False):
                drawn = look(names, str(name))
                curve(axis, group["count"], group, **drawn)
                _band(axis, group, color=drawn["color"])
            axis.set(title=f"{oracle} oracle", xscale="log")
            axis.set_xticks(ticks, [str(tick) for tick in ticks])
            axis.minorticks_off()
        axes[0].set(ylabel="AUROC, normal against novel")
        figure.supxlabel("labelled anomalies", fontsize=9)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center")
    return figure


def _band(axis: Axes, rows: pd.DataFrame, *, color: str) -> None:
    """One standard deviation over draws to either side of the mean; none of a single draw."""
    low, high = (rows["auroc"] + side * rows["auroc_draws_sd"] for side in (-1, 1))
    axis.fill_between(rows["count"], low, high, color=color, alpha=0.12, lw=0)


def held_out_figure(table: pd.DataFrame, *, classes: Sequence[str]) -> Figure:
    """AUROC on each novel class of a forest that saw the class, and of one that did not.

    Where no class was held out, the legend says so.

    Args:
        table: As `examine` returns it.
        classes: Name of each class, in label order.
    """
    rows = table[table["novel_class"] != "all"]
    rows = rows.assign(name=[in_words(classes[int(label)]) for label in rows["novel_class"]])
    names = list(dict.fromkeys(rows["representation"]))
    columns = min(5, len(names))
    lines = -(-len(names) // columns)
    width = max(1.5, 0.16 * rows["name"].nunique())
    longest = rows["name"].str.len().max()
    held_out = (rows["labels"] == "other classes").any()
    shown = {
        "all": "class was labelled",
        "other classes": "class held out" if held_out else "no class was held out",
    }
    below = 0.07 * longest if longest > 2 else 0  # for names that stand upright
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns + 0.8, 1.8 * lines + 0.9 + below))
        axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axis in axes[len(names) :]:
            axis.set_axis_off()
        for axis, name in zip(axes, names, strict=False):
            group = rows[rows["representation"] == name]
            for (labels, text), color in zip(shown.items(), (NORMAL, NOVEL), strict=True):
                part = group[group["labels"] == labels]
                lengths = error_lengths(part, "auroc")
                drawn = {"fmt": "o", "ms": 4, "lw": 1.0, "color": color, "label": text}
                axis.errorbar(part["name"], part["auroc"], lengths, **drawn)
            axis.axhline(0.5, color=CHANCE, lw=0.6, ls="--")
            axis.set_title(in_words(name))
            if below:
                axis.tick_params("x", rotation=90)
        for axis in axes[max(0, len(names) - columns) : len(names)]:
            axis.tick_params("x", labelbottom=True)  # nothing is below
        figure.supylabel("AUROC of the forest oracle", fontsize=9)
        figure.supxlabel("novel class", fontsize=9)
        handles, labels_ = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels_, loc="outside upper center", ncols=2)
    return figure
