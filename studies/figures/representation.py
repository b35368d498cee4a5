"""Figures of docs/representation.md: several splits or networks in one picture."""

from collections.abc import Callable

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from novelty_maps.figures import representation
from novelty_maps.figures.along_training import along_training_figure
from novelty_maps.figures.representation import name_rows, own_score
from novelty_maps.figures.style import CHANCE, NORMAL, NOVEL, STYLE, error_lengths
from studies.representation import RepresentationStudy, weights_per_value


def representation_figures(
    study: Callable[[str], RepresentationStudy], slides: dict[str, dict[str, float]]
) -> dict[str, Figure]:
    """Name to figure.

    Args:
        study: The study of a name.
        slides: The slides' AUROCs, by data set.
    """
    shown = ("max_logit", "oracle_detector", "oracle_representation")
    published = [slides["cifar10"][name] for name in shown]
    cifar10 = study("representations-cifar10").summary
    figures = {
        "representations_cifar10": representation.representation_figure(cifar10, published),
        "unseen_classes_cifar10": unseen_class_figure(
            study("representations-cifar10-jpeg").summary
        ),
    }
    figures["along_training"] = along_training_figure(study("resnet20-cifar10").by_epoch)
    mnist = study("representations-mnist").summary
    figures["representations_mnist"] = representation.representation_figure(mnist)
    weights = {
        "mnist": weights_per_value(study("networks-mnist").summary, values=28**2),
        "cifar10": study("reconstruction-weight-cifar10").summary,
    }
    for name, table in weights.items():
        figure = representation.reconstruction_weight_figure(table)
        figures[f"reconstruction_weight_{name}"] = figure
    return figures


def unseen_class_figure(table: pd.DataFrame) -> Figure:
    """Mean over novel classes of the forest's AUROC: class labelled, held out, and its own score.

    Of a table without held-out classes it says that there are none.

    Args:
        table: As `over_runs.each_detector` returns it.
    """
    held_out = table[table["labels"] == "other classes"]
    names = list(dict.fromkeys(held_out["representation"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.0, 0.32 * len(names) + 1.1))
        axis = figure.subplots()
        for y, name in enumerate(reversed(names)):
            rows = table[table["representation"] == name]
            each = rows[rows["novel_class"] == "each"].set_index("labels")
            own = rows[
                (rows["detector"] == own_score(table, name)) & (rows["novel_class"] == "all")
            ]
            pair = each.loc[["all", "other classes"], "auroc"]
            axis.plot(pair, [y, y], color=CHANCE, lw=1.2, zorder=1)
            for labels, color in (("all", NORMAL), ("other classes", NOVEL)):
                one = each.loc[[labels]]
                lengths = error_lengths(one, "auroc")
                axis.errorbar(one["auroc"], [y], xerr=lengths, fmt="o", ms=5, color=color)
            axis.plot(own["auroc"], [y] * len(own), "|", color="black", ms=9)
        name_rows(axis, names)
        if not names:
            axis.text(0.5, 0.5, "no class was held out", ha="center", transform=axis.transAxes)
        axis.plot([], [], "o", color=NORMAL, ms=5, label="forest, class was labelled")
        axis.plot([], [], "o", color=NOVEL, ms=5, label="forest, class held out")
        axis.plot([], [], "|", color="black", ms=9, label="own score")
        figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure
