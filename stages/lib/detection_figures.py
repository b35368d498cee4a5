"""Figures of what representations know about novelty; tables in, matplotlib figures out."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.lib.figures import CHANCE, NORMAL, NOVEL, STYLE

# The slides' bars: representation, detector, and what it is called there.
_BARS = (
    ("nominal", "max_logit", "max logit"),
    ("nominal", "forest", "oracle\ndetector"),
    ("all_classes", "forest", "oracle\nrepresentation"),
)
# Okabe & Ito's palette: one colour a representation, in the order of the table.
_COLORS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#7F7F7F")


def representation_figure(table: pd.DataFrame) -> Figure:
    """The slides' bar chart, and beside it every detector on every representation.

    Args:
        table: As `representations.detection_table` returns it, for every representation.
    """
    whole = table[(table["novel_class"] == "all") & table["labels"].isin(["none", "all"])]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 3.2))
        left, right = figure.subplots(1, 2, width_ratios=(1.4, 1.8))
        indexed = whole.set_index(["representation", "detector"])
        bars = [(*key, label) for *key, label in _BARS if tuple(key) in indexed.index]
        chosen = indexed.loc[[(name, detector) for name, detector, _ in bars]]
        colors = [NORMAL if oracle == 0 else NOVEL for oracle in chosen["oracle"]]
        left.bar(range(len(bars)), chosen["auroc"], 0.6, yerr=_errors(chosen), color=colors)
        left.set_xticks(range(len(bars)), [label for *_, label in bars])
        low = min(0.9, float(chosen["auroc_low"].min()) - 0.02)
        left.set(ylabel="AUROC, normal against novel", ylim=(low, 1))
        _dots(right, whole)
    return figure


def _errors(rows: pd.DataFrame) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.stack([rows["auroc"] - rows["auroc_low"], rows["auroc_high"] - rows["auroc"]])


def _dots(axis: Axes, whole: pd.DataFrame) -> None:
    """One row a representation and detector; those that saw a novel label are filled."""
    rows = whole.iloc[::-1].reset_index(drop=True)
    names = list(dict.fromkeys(whole["representation"]))
    for i, (_, row) in enumerate(rows.iterrows()):
        color = _COLORS[names.index(row["representation"]) % len(_COLORS)]
        axis.errorbar(
            row["auroc"],
            i,
            xerr=[[row["auroc"] - row["auroc_low"]], [row["auroc_high"] - row["auroc"]]],
            fmt="o",
            ms=4,
            lw=1.2,
            color=color,
            mfc=color if row["oracle"] else "white",
        )
    labels = (rows["representation"] + ": " + rows["detector"]).str.replace("_", " ")
    axis.set_yticks(range(len(rows)), labels, fontsize=7)
    axis.axvline(0.5, color=CHANCE, lw=0.6, ls="--")
    axis.set(xlabel="AUROC (filled: saw labelled anomalies)", xlim=(None, 1.005))


def labelled_anomalies_figure(table: pd.DataFrame, *, anomalies: int) -> Figure:
    """AUROC of the forest oracle over the number of labelled anomalies it saw.

    Args:
        table: As `representations.detection_table` returns it.
        anomalies: Novel validation images, the number behind "all".
    """
    rows = table[(table["detector"] == "forest") & (table["novel_class"] == "all")].copy()
    rows["count"] = rows["labels"].replace({"all": str(anomalies)}).astype(int)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.0))
        axis = figure.subplots()
        groups = rows.sort_values("count").groupby("representation", sort=False)
        names = list(dict.fromkeys(table["representation"]))
        for name, group in groups:
            axis.errorbar(
                group["count"],
                group["auroc"],
                _errors(group),
                fmt="o-",
                ms=3,
                lw=1.2,
                color=_COLORS[names.index(str(name)) % len(_COLORS)],
                label=str(name).replace("_", " "),
            )
        ticks = sorted(set(rows["count"]))
        axis.set(xscale="log", xlabel="labelled anomalies", ylabel="AUROC of the forest oracle")
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        axis.legend(fontsize=7)
    return figure


def held_out_figure(table: pd.DataFrame) -> Figure:
    """AUROC on each novel class of a forest that saw the class, and of one that did not.

    Args:
        table: As `representations.detection_table` returns it.
    """
    rows = table[table["novel_class"] != "all"]
    names = list(dict.fromkeys(rows["representation"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 * len(names) + 1.2, 2.8))
        panels = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
        for axis, name in zip(panels, names, strict=True):
            group = rows[rows["representation"] == name]
            for labels, text, color in (
                ("all", "class was labelled", NORMAL),
                ("other classes", "class held out", NOVEL),
            ):
                part = group[group["labels"] == labels]
                axis.errorbar(
                    part["novel_class"],
                    part["auroc"],
                    _errors(part),
                    fmt="o",
                    ms=4,
                    lw=1.0,
                    color=color,
                    label=text,
                )
            axis.axhline(0.5, color=CHANCE, lw=0.6, ls="--")
            axis.set(title=name.replace("_", " "), xlabel="novel class")
        panels[0].set(ylabel="AUROC of the forest oracle")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
