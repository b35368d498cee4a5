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

from novelty_maps.figures.style import CHANCE, NORMAL, NOVEL, STYLE, error_lengths, in_words
from novelty_maps.params.score_names import LATENT_SCORES

# The points: representation, detector, its labels, and what it is called; the slides have three.
_POINTS = (
    ("nominal", "max_logit", "none", "max logit"),
    ("nominal", "nearest_neighbours", "none", "nearest\nneighbours"),
    ("nominal", "forest", "other classes", "oracle,\nclass\nheld out"),
    ("nominal", "forest", "all", "oracle\ndetector"),
    ("all_classes", "forest", "all", "oracle\nrepresen-\ntation"),
)
_SLIDES = (0, 3, 4)

# Okabe & Ito's palette and, beyond it, broken lines: one look a representation, in table order.
_COLORS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7F7F7F")
_LINES = ("-", "--", ":")


def look(names: list[str], name: str) -> dict[str, Any]:
    """Colour, line and label of one of the representations, by its place among their names."""
    place = names.index(name)
    return {
        "color": _COLORS[place % len(_COLORS)],
        "ls": _LINES[place // len(_COLORS) % len(_LINES)],
        "label": in_words(name),
    }


def own_score(table: pd.DataFrame, representation: str) -> str | None:
    """The score that is shown for a representation where one is shown; None if it has none.

    It is the first one in the table but for `LATENT_SCORES`, and so that of the network's own task
    in `scores.SCORES`.
    """
    rows = table[(table["representation"] == representation) & (table["labels"] == "none")]
    rows = rows[~rows["detector"].isin(LATENT_SCORES)]
    return None if rows.empty else str(rows["detector"].iloc[0])


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """The rows measured on all novel classes, of detectors that were given all labels or none."""
    return table[(table["novel_class"] == "all") & table["labels"].isin(["none", "all"])]


def representation_figure(table: pd.DataFrame, published: Sequence[float] = ()) -> Figure:
    """The slides' bars as points, and beside them what is known and extracted, by representation.

    There are two points more: the score of z that was fixed beforehand, and the mean over
    novel classes of a forest that never saw the class, whose interval one run alone does not know.

    Args:
        table: As `examine` returns it, for every representation, or as the summary over runs.
        published: The slides' AUROC of max logit, oracle detector and oracle representation, to be
            marked beside the points.
    """
    whole = _whole(table)
    names = list(dict.fromkeys(whole["representation"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.4, max(3.0, 0.32 * len(names) + 1.1)))
        left, right = figure.subplots(1, 2, width_ratios=(1.7, 1.7))
        _points(left, table, published)
        _grid(right, whole, names)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=4)
    return figure


def _points(axis: Axes, table: pd.DataFrame, published: Sequence[float]) -> None:
    points = pd.DataFrame([_point(table, *key) for *key, _ in _POINTS])
    chosen = points[points["auroc"].notna()]
    if len(chosen):
        for color, rows in ((NORMAL, chosen["oracle"] == 0), (NOVEL, chosen["oracle"] != 0)):
            drawn = chosen[rows]
            look: dict[str, Any] = {"fmt": "o", "color": color, "ms": 6, "lw": 2, "clip_on": False}
            axis.errorbar(drawn.index, drawn["auroc"], error_lengths(drawn, "auroc"), **look)
        axis.set_xticks(chosen.index, [_POINTS[place][-1] for place in chosen.index])
        axis.set_xlim(chosen.index[0] - 0.5, chosen.index[-1] + 0.5)
        lowest = chosen[["auroc", "auroc_low"]].min().min()  # an interval may be unknown
        low = min(0.9, *published, float(lowest)) - 0.05
        axis.set(ylim=(low, 1))
    if published:
        look = {"color": "black", "mfc": "white", "ms": 5, "label": "the slides"}
        axis.plot(np.array(_SLIDES) + 0.2, published, "D", **look)
        axis.legend(loc="upper left")
    axis.set(ylabel="AUROC, normal against novel")


def _point(table: pd.DataFrame, name: str, detector: str, labels: str) -> "pd.Series[float]":
    """AUROC, its interval and whether an oracle's; of held-out classes the mean over them."""
    rows = table[
        (table["representation"] == name)
        & (table["detector"] == detector)
        & (table["labels"] == labels)
        & ((table["novel_class"] == "all") != (labels == "other classes"))
    ]
    point: pd.Series[float] = rows[["auroc", "auroc_low", "auroc_high", "oracle"]].mean()
    if len(rows) > 1:  # intervals of single classes say nothing about their mean
        point[["auroc_low", "auroc_high"]] = np.nan
    return point


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
                    one["auroc"],
                    [y + shift],
                    xerr=error_lengths(one, "auroc"),
                    fmt="o",
                    ms=4,
                    lw=1.2,
                    color=color,
                )
    name_rows(axis, names)
    axis.set(xlim=(None, 1.005))
    for label, color in (_OWN, _LINEAR, _FOREST):
        axis.plot([], [], "o", ms=4, color=color, label=label)
    axis.plot([], [], "|", ms=7, color=NORMAL, label="its other scores")


def name_rows(axis: Axes, names: list[str]) -> None:
    """AUROC along x, the chance level, and a row a representation, the first on top."""
    axis.set_yticks(range(len(names)), [in_words(name) for name in reversed(names)])
    axis.axvline(0.5, color=CHANCE, lw=0.6, ls="--")
    axis.set(xlabel="AUROC")


def roc_figure(scores: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """ROC curves of each representation's own score (left) and of the forest oracle on it (right).

    Args:
        scores: `novel` of each test image and a column "representation/detector" a detector.
        table: As `examine` returns it, for every representation.
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
                    axis.plot(false, true, lw=1.2, **look(names, name))
            axis.plot([0, 1], [0, 1], color=CHANCE, lw=0.6, ls="--")
            axis.set(title=title, xlabel="false positive rate (normal images)", aspect="equal")
        panels[0].set(ylabel="true positive rate (novel images)")
        handles, labels = panels[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center")
    return figure


def curve(axis: Axes, x: "pd.Series[Any]", rows: pd.DataFrame, **look: Any) -> None:
    """AUROC of some rows over x, with its interval."""
    lengths = error_lengths(rows, "auroc")
    axis.errorbar(x, rows["auroc"], lengths, marker="o", ms=3, lw=1.2, **look)


def reconstruction_weight_figure(table: pd.DataFrame) -> Figure:
    """AUROC over λ of the hybrid network, with the classifier alone as λ = 0.

    Args:
        table: As `metrics/detection.csv` has it: with `objective` and `settings` (JSON) of each
            representation.
    """
    whole = _whole(table)
    first = whole[whole["objective"] == "nominal"]["representation"].iloc[:1]
    chosen = whole[(whole["objective"] == "hybrid") | whole["representation"].isin(first)].copy()
    given = [json.loads(settings) for settings in chosen["settings"]]
    chosen["weight"] = [each.get("reconstruction_weight", 0.0) for each in given]
    named = chosen.drop_duplicates("weight")["representation"]  # the first of equal ones
    chosen = chosen[chosen["representation"].isin(named)].sort_values("weight")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.0))
        axis = figure.subplots()
        detectors = ("max_logit", "reconstruction_error", "forest", "linear")
        for detector, color in zip(detectors, _COLORS, strict=False):
            rows = chosen[chosen["detector"] == detector]
            curve(axis, rows["weight"], rows, color=color, label=in_words(detector))
        positive = chosen["weight"][chosen["weight"] > 0]
        axis.set_xscale("symlog", linthresh=positive.min() if len(positive) else 1.0)
        weights = sorted(set(chosen["weight"]))
        axis.set_xticks(weights, [f"{weight:.3g}" for weight in weights], minor=False)
        axis.minorticks_off()
        axis.set(
            xlabel="λ, weight of each value's squared error (0: classifier alone)",
            ylabel="AUROC, normal against novel",
        )
        figure.legend(*axis.get_legend_handles_labels(), loc="outside right center")
    return figure
