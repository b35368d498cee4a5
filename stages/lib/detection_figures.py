"""Figures of what representations know about novelty; tables in, matplotlib figures out."""

import json
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from stages.lib.figures import CHANCE, NORMAL, NOVEL, STYLE

# The slides' bars: representation, detector, and what it is called there.
_BARS = (
    ("nominal", "max_logit", "max logit"),
    ("nominal", "forest", "oracle\ndetector"),
    ("all_classes", "forest", "oracle\nrepresentation"),
)
# Okabe & Ito's palette and, beyond it, broken lines: one look a representation, in table order.
_COLORS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7F7F7F")
_LINES = ("-", "--", ":")


def _look(names: list[str], name: str) -> dict[str, Any]:
    place = names.index(name)
    return {
        "color": _COLORS[place % len(_COLORS)],
        "ls": _LINES[place // len(_COLORS) % len(_LINES)],
        "label": name.replace("_", " "),
    }


def own_score(table: pd.DataFrame, representation: str) -> str | None:
    """The score that is shown for a representation where one is shown; None if it has none.

    It is the first one in the table, and so that of the network's own task in `scores.SCORES`.
    """
    rows = table[(table["representation"] == representation) & (table["labels"] == "none")]
    return None if rows.empty else str(rows["detector"].iloc[0])


def representation_figure(table: pd.DataFrame, published: Sequence[float] = ()) -> Figure:
    """The slides' bar chart, and beside it what is known and what is extracted, by representation.

    Args:
        table: As `representations.examine` returns it, for every representation.
        published: The slides' AUROC of each bar, to be marked on it.
    """
    whole = table[(table["novel_class"] == "all") & table["labels"].isin(["none", "all"])]
    names = list(dict.fromkeys(whole["representation"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, max(3.0, 0.32 * len(names) + 1.1)))
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1.7))
        _bars(left, whole, published)
        _grid(right, whole, names)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=4, fontsize=7)
    return figure


def _bars(axis: Axes, whole: pd.DataFrame, published: Sequence[float]) -> None:
    indexed = whole.set_index(["representation", "detector"])
    bars = [(*key, label) for *key, label in _BARS if tuple(key) in indexed.index]
    if bars:
        chosen = indexed.loc[[(name, detector) for name, detector, _ in bars]]
        colors = [NORMAL if oracle == 0 else NOVEL for oracle in chosen["oracle"]]
        axis.bar(range(len(bars)), chosen["auroc"], 0.6, yerr=errors(chosen), color=colors)
        axis.set_xticks(range(len(bars)), [label for *_, label in bars], fontsize=8)
        low = min(0.9, *published, float(chosen["auroc_low"].min())) - 0.05
        axis.set(ylim=(low, 1))
    if published:
        look: dict[str, Any] = {"color": "black", "mfc": "white", "ms": 5, "label": "the slides"}
        axis.plot(range(len(published)), published, "D", **look)
        axis.legend(fontsize=7, loc="upper left")
    axis.set(ylabel="AUROC, normal against novel")


_OWN, _LINEAR, _FOREST = (
    ("own score", NORMAL),
    ("linear oracle", "#E69F00"),
    ("forest oracle", NOVEL),
)


def _grid(axis: Axes, whole: pd.DataFrame, names: list[str]) -> None:
    """One row a representation: the own score shown, the others as ticks, and both oracles."""
    for y, name in enumerate(reversed(names)):
        rows = whole[whole["representation"] == name].set_index("detector")
        own = own_score(whole, name)
        others = rows[(rows["labels"] == "none") & (rows.index != own)]
        axis.plot(others["auroc"], [y] * len(others), "|", color=NORMAL, ms=7, alpha=0.7)
        for detector, (_, color), shift in (
            (own, _OWN, 0.0),
            ("linear", _LINEAR, 0.18),
            ("forest", _FOREST, -0.18),
        ):
            if detector is not None:
                one = rows.loc[[detector]]
                axis.errorbar(
                    one["auroc"], [y + shift], xerr=errors(one), fmt="o", ms=4, lw=1.2, color=color
                )
    name_rows(axis, names)
    axis.set(xlim=(None, 1.005))
    for label, color in (_OWN, _LINEAR, _FOREST):
        axis.plot([], [], "o", ms=4, color=color, label=label)
    axis.plot([], [], "|", ms=7, color=NORMAL, label="its other scores")


def name_rows(axis: Axes, names: list[str]) -> None:
    """AUROC along x, the chance level, and a row a representation, the first on top."""
    axis.set_yticks(range(len(names)), [name.replace("_", " ") for name in reversed(names)])
    axis.axvline(0.5, color=CHANCE, lw=0.6, ls="--")
    axis.set(xlabel="AUROC")


def errors(rows: pd.DataFrame) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Lengths of the error bars of AUROC, (2, N): below and above."""
    return np.stack([rows["auroc"] - rows["auroc_low"], rows["auroc_high"] - rows["auroc"]])


def roc_figure(scores: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """ROC curves of each representation's own score (left) and of the forest oracle on it (right).

    Args:
        scores: `novel` of each test image and a column "representation/detector" a detector.
        table: As `representations.examine` returns it, for every representation.
    """
    names = list(dict.fromkeys(table["representation"]))
    novel = scores["novel"].to_numpy() == 1
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 3.6))
        panels = figure.subplots(1, 2, sharey=True)
        for axis, title in zip(panels, ("own score", "forest oracle"), strict=True):
            for name in names:
                detector = own_score(table, name) if axis is panels[0] else "forest"
                if f"{name}/{detector}" in scores:
                    false, true, _ = roc_curve(novel, scores[f"{name}/{detector}"])
                    axis.plot(false, true, lw=1.2, **_look(names, name))
            axis.plot([0, 1], [0, 1], color=CHANCE, lw=0.6, ls="--")
            axis.set(title=title, xlabel="false positive rate (normal images)", aspect="equal")
        panels[0].set(ylabel="true positive rate (novel images)")
        handles, labels = panels[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", fontsize=7)
    return figure


def _curve(axis: Axes, x: "pd.Series[Any]", rows: pd.DataFrame, **look: Any) -> None:
    axis.errorbar(x, rows["auroc"], errors(rows), marker="o", ms=3, lw=1.2, **look)


def labelled_anomalies_figure(table: pd.DataFrame, *, anomalies: int) -> Figure:
    """AUROC of the forest oracle over the number of labelled anomalies it saw.

    Args:
        table: As `representations.examine` returns it.
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
            _curve(axis, group["count"], group, **_look(names, str(name)))
        ticks = sorted(set(rows["count"]))
        axis.set(xscale="log", xlabel="labelled anomalies", ylabel="AUROC of the forest oracle")
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return figure


def reconstruction_weight_figure(table: pd.DataFrame, *, values: int) -> Figure:
    """AUROC over λ of the hybrid network, with the classifier alone as λ = 0.

    Args:
        table: As the detect stage writes it: with `objective` and `settings` (JSON) of each
            representation.
        values: Values of an image; λ of a summed error is multiplied by it.
    """
    whole = table[(table["novel_class"] == "all") & table["labels"].isin(["none", "all"])]
    first = whole[whole["objective"] == "nominal"]["representation"].iloc[:1]
    chosen = whole[(whole["objective"] == "hybrid") | whole["representation"].isin(first)].copy()
    given = [json.loads(settings) for settings in chosen["settings"]]
    chosen["weight"] = [
        each.get("reconstruction_weight", 0.0) * (values if each.get("reduction") == "sum" else 1)
        for each in given
    ]
    named = chosen.drop_duplicates("weight")["representation"]  # the first of equal ones
    chosen = chosen[chosen["representation"].isin(named)].sort_values("weight")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.0))
        axis = figure.subplots()
        detectors = ("max_logit", "reconstruction_error", "forest", "linear")
        for detector, color in zip(detectors, _COLORS, strict=False):
            rows = chosen[chosen["detector"] == detector]
            _curve(axis, rows["weight"], rows, color=color, label=detector.replace("_", " "))
        positive = chosen["weight"][chosen["weight"] > 0]
        axis.set_xscale("symlog", linthresh=positive.min() if len(positive) else 1.0)
        weights = sorted(set(chosen["weight"]))
        axis.set_xticks(weights, [f"{weight:.3g}" for weight in weights], minor=False)
        axis.minorticks_off()
        axis.set(
            xlabel="λ, weight of the mean squared error (0: classifier alone)",
            ylabel="AUROC, normal against novel",
        )
        figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return figure


def held_out_figure(table: pd.DataFrame) -> Figure:
    """AUROC on each novel class of a forest that saw the class, and of one that did not.

    Args:
        table: As `representations.examine` returns it.
    """
    rows = table[table["novel_class"] != "all"]
    names = list(dict.fromkeys(rows["representation"]))
    columns = min(5, len(names))
    lines = -(-len(names) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.5 * columns + 0.8, 1.8 * lines + 0.9))
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
                    part["novel_class"].astype(str),
                    part["auroc"],
                    errors(part),
                    fmt="o",
                    ms=4,
                    lw=1.0,
                    color=color,
                    label=text,
                )
            axis.axhline(0.5, color=CHANCE, lw=0.6, ls="--")
            axis.set_title(name.replace("_", " "), fontsize=8)
        figure.supylabel("AUROC of the forest oracle", fontsize=9)
        figure.supxlabel("novel class", fontsize=9)
        handles, labels_ = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels_, loc="outside upper center", ncols=2)
    return figure
