"""Figures of scores and oracles: what is drawn is what the table says."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

from stages.lib import detection_figures, representation_figures

HYBRID = '{"reconstruction_weight": %s, "reduction": "%s"}'


def rows(representation, objective, settings="{}", *, auroc=0.8, sees_novel=False):
    """The detectors of one representation, on two novel classes."""
    entries = [
        ("max_logit", "none", "all", auroc),
        ("energy", "none", "all", auroc - 0.1),
        ("forest", "all", "all", auroc + 0.1),
        ("linear", "all", "all", auroc + 0.05),
        ("forest", "5", "all", auroc - 0.2),
        ("forest", "all", "7", auroc + 0.1),
        ("forest", "all", "8", auroc + 0.1),
        ("forest", "other classes", "7", auroc - 0.3),
        ("forest", "other classes", "8", auroc - 0.3),
    ]
    table = pd.DataFrame(entries, columns=["detector", "labels", "novel_class", "auroc"])
    if sees_novel:
        table = table[table["labels"] != "none"]
    table["auroc_low"], table["auroc_high"] = table["auroc"] - 0.02, table["auroc"] + 0.02
    table["oracle"] = ((table["labels"] != "none") | sees_novel).astype(int)
    return table.assign(representation=representation, objective=objective, settings=settings)


TABLE = pd.concat(
    [
        rows("nominal", "nominal", auroc=0.7),
        rows("all_classes", "all_classes", auroc=0.85, sees_novel=True),
        rows("hybrid", "hybrid", HYBRID % (0.9, "mean")),
        rows("summed", "hybrid", HYBRID % (0.5, "sum"), auroc=0.6),
        rows("hybrid_ensemble", "ensemble", HYBRID % (0.9, "mean"), auroc=0.5),
    ]
)


def points(axis):
    """Label to x and y of every error bar plot."""
    return {
        container.get_label(): container[0].get_data()
        for container in axis.containers
        if isinstance(container, ErrorbarContainer)
    }


def test_bars_are_the_three_of_the_slides():
    figure = detection_figures.representation_figure(TABLE, published=[0.776, 0.905, 0.987])
    left = figure.axes[0]
    assert [bar.get_height() for bar in left.patches] == pytest.approx([0.7, 0.8, 0.95])
    marked = next(line for line in left.lines if line.get_label() == "the slides")
    assert list(marked.get_ydata()) == [0.776, 0.905, 0.987]
    low, high = left.get_ylim()
    assert low < 0.7
    assert high == 1


def test_figure_without_the_networks_of_the_slides_has_no_bars():
    figure = detection_figures.representation_figure(TABLE[TABLE["representation"] == "hybrid"])
    assert not figure.axes[0].patches
    assert len(figure.axes[1].get_yticklabels()) == 1


def test_weight_of_a_summed_error_is_multiplied_by_the_number_of_values():
    figure = detection_figures.reconstruction_weight_figure(TABLE, values=64)
    x, y = points(figure.axes[0])["max logit"]
    assert list(x) == pytest.approx([0, 0.9, 32])  # the classifier alone, mean, sum; no ensemble
    assert list(y) == pytest.approx([0.7, 0.8, 0.6])


def test_all_labels_lie_at_the_number_of_anomalies():
    figure = detection_figures.labelled_anomalies_figure(TABLE, anomalies=63)
    x, y = points(figure.axes[0])["nominal"]
    assert list(x) == [5, 63]
    assert list(y) == pytest.approx([0.5, 0.8])


def test_held_out_classes_are_drawn_for_each_representation():
    figure = detection_figures.held_out_figure(TABLE)
    drawn = [axis for axis in figure.axes if axis.get_title()]
    assert len(drawn) == 5
    assert list(points(drawn[0])["class held out"][1]) == pytest.approx([0.4, 0.4])


def test_roc_curves_are_of_the_shown_score_and_of_the_forest():
    generator = np.random.default_rng(0)
    scores = pd.DataFrame({"novel": [0, 1] * 10})
    for name in ("nominal/max_logit", "nominal/forest", "all_classes/forest"):
        scores[name] = generator.normal(size=20) + scores["novel"]
    figure = detection_figures.roc_figure(scores, TABLE)
    own, forest = figure.axes[:2]
    assert [line.get_label() for line in own.lines[:-1]] == ["nominal"]
    assert [line.get_label() for line in forest.lines[:-1]] == ["nominal", "all classes"]


def test_shown_score_is_the_first_in_the_table():
    assert detection_figures.own_score(TABLE, "nominal") == "max_logit"
    assert detection_figures.own_score(TABLE, "all_classes") is None


def test_unseen_classes_are_drawn_beside_seen_ones():
    each = TABLE[TABLE["novel_class"] == "7"].assign(novel_class="each")
    table = pd.concat([TABLE[TABLE["novel_class"] == "all"], each])
    figure = representation_figures.unseen_class_figure(table)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [*reversed(list(dict.fromkeys(
        name.replace("_", " ") for name in TABLE["representation"]
    )))]  # fmt: skip
