"""Figures of what oracles reach with few labels, and on a class that they never saw."""

from collections.abc import Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from novelty_maps.figures.representation import curve, look
from novelty_maps.figures.style import CHANCE, NORMAL, NOVEL, STYLE, error_lengths, in_words


def labelled_anomalies_figure(table: pd.DataFrame, *, anomalies: int) -> Figure:
    """AUROC of the forest oracle over the number of labelled anomalies it saw.

    Args:
        table: As `examine` returns it.
        anomalies: Novel validation images, the number behind "all".
    """
    rows = table[(table["detector"] == "forest") & (table["novel_class"] == "all")].copy()
    rows["count"] = rows["labels"].replace({"all": str(anomalies)}).astype(int)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.0))
        axis = figure.subplots()
        groups = rows.sort_values("count").groupby("representation", sort=False)
        names = list(dict.fromkeys(table["representation"]))
        for name, group in groups:
            curve(axis, group["count"], group, **look(names, str(name)))
        ticks = sorted(set(rows["count"]))
        axis.set(xscale="log", xlabel="labelled anomalies", ylabel="AUROC of the forest oracle")
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return figure


def held_out_figure(table: pd.DataFrame, *, classes: Sequence[str]) -> Figure:
    """AUROC on each novel class of a forest that saw the class, and of one that did not.

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
    below = 0.07 * longest if longest > 2 else 0  # for names that stand upright
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns + 0.8, 1.8 * lines + 0.9 + below))
        axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axis in axes[len(names) :]:
            axis.set_axis_off()
        for axis, name in zip(axes, names, strict=False):
            group = rows[rows["representation"] == name]
            for labels, text, color in (
                ("all", "class was labelled", NORMAL),
                ("other classes", "class held out", NOVEL),
            ):
                part = group[group["labels"] == labels]
                axis.errorbar(
                    part["name"],
                    part["auroc"],
                    error_lengths(part, "auroc"),
                    fmt="o",
                    ms=4,
                    lw=1.0,
                    color=color,
                    label=text,
                )
            axis.axhline(0.5, color=CHANCE, lw=0.6, ls="--")
            axis.set_title(in_words(name), fontsize=8)
            if below:
                axis.tick_params("x", rotation=90)
        figure.supylabel("AUROC of the forest oracle", fontsize=9)
        figure.supxlabel("novel class", fontsize=9)
        handles, labels_ = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels_, loc="outside upper center", ncols=2)
    return figure
