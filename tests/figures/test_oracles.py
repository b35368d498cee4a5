"""Figures of oracles: what is drawn is what the table says."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.container import ErrorbarContainer
from oracles.detection_tables import TABLE, ends, points

from novelty_maps.figures.oracles import held_out_figure, labelled_anomalies_figure
from novelty_maps.figures.style import NORMAL, NOVEL

DIGITS = list("0123456789")


def test_all_labels_lie_at_the_number_of_anomalies():
    figure = labelled_anomalies_figure(TABLE, anomalies=63)
    x, y = points(figure.axes[0])["nominal"]
    assert list(x) == [5, 63]
    assert list(y) == pytest.approx([0.5, 0.8])


def test_every_representation_has_a_curve_of_each_oracle_over_the_labels():
    figure = labelled_anomalies_figure(TABLE, anomalies=63)
    bases = {"nominal": 0.7, "all classes": 0.85, "hybrid": 0.8, "summed": 0.6}
    bases["hybrid ensemble"] = 0.5
    above = {"forest": (-0.2, 0.1), "linear": (-0.25, 0.05), "mlp": (-0.22, 0.07)}
    assert [axis.get_title() for axis in figure.axes] == [f"{name} oracle" for name in above]
    for axis, oracle in zip(figure.axes, above, strict=True):
        assert set(points(axis)) == set(bases)
        for container in axis.containers:
            values = np.array(above[oracle]) + bases[container.get_label()]
            assert list(container[0].get_ydata()) == pytest.approx(values.tolist())
            np.testing.assert_allclose(ends(container), [(v - 0.03, v + 0.01) for v in values])
        assert [label.get_text() for label in axis.get_xticklabels()] == ["5", "63"]
    assert figure.get_supxlabel() == "labelled anomalies"
    assert figure.axes[0].get_ylabel() == "AUROC, normal against novel"


def test_band_is_one_standard_deviation_over_draws():
    more = TABLE[TABLE["labels"] == "5"].assign(labels="25")
    more["auroc_draws_sd"] = 0.01
    figure = labelled_anomalies_figure(pd.concat([TABLE, more]), anomalies=63)
    forest = figure.axes[0]
    names = [container.get_label() for container in forest.containers]
    bands = [c for c in forest.collections if isinstance(c, PolyCollection)]
    (path,) = bands[names.index("nominal")].get_paths()
    corners = {(round(x), round(y, 6)) for x, y in path.vertices}
    assert corners == {(5, 0.48), (5, 0.52), (25, 0.49), (25, 0.51)}  # none at all 63


def test_looks_follow_the_place_in_the_table_and_not_the_curve():
    both = labelled_anomalies_figure(TABLE, anomalies=63).axes[0]
    colors = {c.get_label(): c[0].get_color() for c in both.containers}
    assert len(set(colors.values())) == len(colors)
    assert colors["nominal"] == NORMAL


def test_held_out_classes_are_drawn_for_each_representation():
    figure = held_out_figure(TABLE, classes=DIGITS)
    drawn = {axis.get_title(): axis for axis in figure.axes if axis.get_title()}
    assert list(drawn) == ["nominal", "all classes", "hybrid", "summed", "hybrid ensemble"]
    for name, base in (("nominal", 0.7), ("summed", 0.6)):
        assert list(points(drawn[name])["class held out"][1]) == pytest.approx(
            [base - 0.31, base - 0.29]
        )
        assert list(points(drawn[name])["class was labelled"][1]) == pytest.approx(
            [base + 0.11, base + 0.09]
        )
        assert [label.get_text() for label in drawn[name].get_xticklabels()] == ["7", "8"]


def test_held_out_classes_have_their_names_upright_where_they_are_long():
    names = [*DIGITS[:7], "pine_tree", "a_$x$"]
    figure = held_out_figure(TABLE, classes=names)
    figure.draw_without_rendering()
    ticks = figure.axes[-1].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["pine tree", r"a \$x\$"]
    assert {tick.get_rotation() for tick in ticks} == {90}
    short = held_out_figure(TABLE, classes=DIGITS)
    assert {tick.get_rotation() for tick in short.axes[-1].get_xticklabels()} == {0}
    assert short.get_figwidth() == figure.get_figwidth()


def test_many_held_out_classes_have_a_wider_panel():
    held_out = TABLE[TABLE["novel_class"] == "7"]
    many = pd.concat(held_out.assign(novel_class=str(label)) for label in range(20))
    few = many[many["novel_class"].astype(int) < 4]
    names = [f"class {label}" for label in range(20)]
    widths = [held_out_figure(t, classes=names).get_figwidth() for t in (few, many)]
    assert widths[0] < widths[1]


def test_held_out_classes_have_the_colour_of_what_is_new():
    axis = held_out_figure(TABLE, classes=DIGITS).axes[0]
    bars = [c for c in axis.containers if isinstance(c, ErrorbarContainer)]
    colors = {bar.get_label(): bar[0].get_color() for bar in bars}
    assert colors == {"class was labelled": NORMAL, "class held out": NOVEL}
    held_out = next(bar for bar in bars if bar.get_label() == "class held out")
    np.testing.assert_allclose(ends(held_out), [(0.36, 0.40), (0.38, 0.42)])


def test_legend_says_where_no_class_was_held_out():
    figure = held_out_figure(TABLE[TABLE["labels"] != "other classes"], classes=DIGITS)
    figure.draw_without_rendering()
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["class was labelled", "no class was held out"]
    assert list(points(figure.axes[0])["class was labelled"][1]) == pytest.approx([0.81, 0.79])


def test_panels_beyond_the_representations_are_empty():
    more = TABLE.assign(representation=TABLE["representation"] + "_too")
    some = more[more["representation"] != "summed_too"]
    figure = held_out_figure(pd.concat([TABLE, some]), classes=DIGITS)
    assert [axis.axison for axis in figure.axes] == [True] * 9 + [False]


def test_lowest_panel_of_each_column_names_the_classes():
    more = [TABLE, TABLE.assign(representation="a" + TABLE["representation"])]
    figure = held_out_figure(
        pd.concat(more)[lambda t: t["representation"] != "asummed"], classes=DIGITS
    )
    figure.draw_without_rendering()
    named = [
        any(label.get_visible() and label.get_text() for label in axis.get_xticklabels())
        for axis in figure.axes[:9]
    ]
    assert named == [False] * 4 + [True] * 5


def test_names_of_networks_are_no_formulas():
    table = TABLE.replace({"representation": {"hybrid": "a_$^^$b"}})
    figure = held_out_figure(table, classes=DIGITS)
    figure.draw_without_rendering()
    assert r"a \$^^\$b" in [axis.get_title() for axis in figure.axes]
    labelled_anomalies_figure(table, anomalies=200).draw_without_rendering()
