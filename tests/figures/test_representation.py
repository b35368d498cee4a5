"""Figures of what representations know: what is drawn is what the table says."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from oracles.detection_tables import TABLE, ends, points

from novelty_maps.figures.representation import (
    own_score,
    reconstruction_weight_figure,
    representation_figure,
    roc_figure,
)
from novelty_maps.figures.style import NORMAL, NOVEL
from novelty_maps.params.score_names import LATENT_SCORES
from novelty_maps.statistics.auroc import delong_auroc

NAMES = ["nominal", "all_classes", "hybrid", "summed", "hybrid_ensemble"]
OWN, LINEAR, FOREST = "own score", "linear oracle", "forest oracle"


def auroc(name, detector, labels):
    found = TABLE[
        (TABLE["representation"] == name)
        & (TABLE["detector"] == detector)
        & (TABLE["labels"] == labels)
        & (TABLE["novel_class"] == "all")
    ]
    return found["auroc"].item()


def shown(axis):
    """Place to AUROC, its interval and colour, of the left panel's points."""
    found = {}
    for container in axis.containers:
        x, y = container[0].get_data()
        color = to_hex(container[0].get_color()).upper()
        for place, value, interval in zip(x, y, ends(container), strict=True):
            found[int(place)] = (value, interval, color)
    return [found[place] for place in sorted(found)]


def test_points_are_the_slides_three_with_the_score_of_z_and_the_held_out_classes_between():
    figure = representation_figure(TABLE, published=[0.776, 0.905, 0.987])
    left = figure.axes[0]
    assert [value for value, _, _ in shown(left)] == pytest.approx([0.7, 0.74, 0.4, 0.8, 0.95])
    marked = next(line for line in left.lines if line.get_label() == "the slides")
    assert list(marked.get_ydata()) == [0.776, 0.905, 0.987]
    labels = dict(zip(left.get_xticks(), left.get_xticklabels(), strict=True))
    places = [labels[round(x)].get_text().split("\n")[0] for x in marked.get_xdata()]
    assert places == ["max logit", "oracle", "oracle"]
    low, high = left.get_ylim()
    assert low < 0.7
    assert high == 1


def test_points_are_named_and_coloured_by_what_saw_novel_labels():
    left = representation_figure(TABLE).axes[0]
    labels = [label.get_text().replace("\n", " ") for label in left.get_xticklabels()]
    assert labels == [
        "max logit",
        "nearest neighbours",
        "oracle, class held out",
        "oracle detector",
        "oracle represen- tation",
    ]
    assert [color for _, _, color in shown(left)] == [NORMAL, NORMAL, NOVEL, NOVEL, NOVEL]
    unknown = (np.nan, np.nan)  # of a mean over classes in one run
    expected = [(0.67, 0.71), (0.71, 0.75), unknown, (0.77, 0.81), (0.92, 0.96)]
    np.testing.assert_allclose([interval for _, interval, _ in shown(left)], expected)
    assert left.get_ylabel() == "AUROC, normal against novel"


def test_points_without_intervals_are_in_the_picture():
    table = TABLE.assign(auroc_low=np.nan, auroc_high=np.nan)
    left = representation_figure(table).axes[0]
    values = [line.get_ydata().min() for line in left.lines if len(line.get_ydata())]
    assert left.get_ylim()[0] < min(values)


def test_point_of_held_out_classes_has_the_interval_over_runs():
    single = TABLE["novel_class"] != "all"
    each = TABLE[single & (TABLE["novel_class"] == "7")].assign(novel_class="each")
    left = representation_figure(pd.concat([TABLE[~single], each])).axes[0]
    np.testing.assert_allclose(shown(left)[2][1], (0.36, 0.4))


def test_table_without_scores_of_z_and_held_out_classes_keeps_the_other_points_in_their_places():
    few = TABLE[(TABLE["detector"] != "nearest_neighbours") & (TABLE["novel_class"] == "all")]
    left = representation_figure(few).axes[0]
    assert list(left.get_xticks()) == [0, 3, 4]


def test_figure_without_the_networks_of_the_slides_has_no_points():
    figure = representation_figure(TABLE[TABLE["representation"] == "hybrid"])
    assert not figure.axes[0].containers
    assert len(figure.axes[1].get_yticklabels()) == 1


def test_names_of_networks_are_no_formulas():
    table = TABLE.replace({"representation": {"hybrid": "a_$^^$b"}})
    scores = pd.DataFrame({"novel": [0, 1], "a_$^^$b/forest": [0.0, 1.0]})
    for figure in (representation_figure(table), roc_figure(scores, table)):
        figure.draw_without_rendering()
        texts = figure.axes[1].get_yticklabels() + figure.legends[0].get_texts()
        assert r"a \$^^\$b" in [text.get_text() for text in texts]


def grid(axis):
    """(row's name, what) to AUROC and interval: each point's colour tells what, its place where."""
    names = {y: label.get_text() for y, label in enumerate(axis.get_yticklabels())}
    handles, labels = axis.get_legend_handles_labels()
    meaning = {handle.get_color(): label for handle, label in zip(handles, labels, strict=True)}
    meaning[NORMAL] = OWN  # its other scores have the same colour
    found = {}
    for container in axis.containers:
        (x,), (y,) = container[0].get_data()
        key = names[round(y)].replace(" ", "_"), meaning[container[0].get_color()]
        found[key] = (x, *ends(container)[0])
    return found


def test_rows_have_the_own_score_and_both_oracles_of_each_representation():
    found = grid(representation_figure(TABLE).axes[1])
    expected = {}
    for name in NAMES:
        for what, detector, labels in (
            (OWN, own_score(TABLE, name), "none"),
            (LINEAR, "linear", "all"),
            (FOREST, "forest", "all"),
        ):
            if detector is not None:
                value = auroc(name, detector, labels)
                expected[name, what] = pytest.approx((value, value - 0.03, value + 0.01))
    assert found == expected


def test_ticks_are_the_scores_that_are_not_shown():
    axis = representation_figure(TABLE).axes[1]
    names = [label.get_text().replace(" ", "_") for label in axis.get_yticklabels()]
    assert names == NAMES[::-1]
    ticks = {
        names[int(line.get_ydata()[0])]: list(line.get_xdata())
        for line in axis.lines
        if line.get_marker() == "|" and len(line.get_xdata())
    }
    without = ["nominal", "hybrid", "summed", "hybrid_ensemble"]
    others = ("energy", "nearest_neighbours")
    assert ticks == {name: [auroc(name, other, "none") for other in others] for name in without}
    assert axis.get_xlabel() == "AUROC"


def test_weight_of_the_reconstruction_is_the_hybrids_and_0_for_the_classifier_alone():
    figure = reconstruction_weight_figure(TABLE)
    x, y = points(figure.axes[0])["max logit"]
    assert list(x) == pytest.approx([0, 0.9, 32])  # no ensemble
    assert list(y) == pytest.approx([0.7, 0.8, 0.6])


def test_every_detector_is_drawn_over_the_weight():
    axis = reconstruction_weight_figure(TABLE).axes[0]
    for container in axis.containers:
        detector = container.get_label().replace(" ", "_")
        labels = "none" if detector in ("max_logit", "reconstruction_error") else "all"
        if len(container[0].get_xdata()):
            values = [auroc(name, detector, labels) for name in ("nominal", "hybrid", "summed")]
            assert list(container[0].get_ydata()) == pytest.approx(values)
            np.testing.assert_allclose(ends(container), [(v - 0.03, v + 0.01) for v in values])
    assert list(points(axis)) == ["max logit", "reconstruction error", "forest", "linear"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "0.9", "32"]


def test_of_networks_of_equal_weight_the_first_is_drawn():
    second = TABLE[TABLE["representation"] == "hybrid"].assign(representation="again")
    table = pd.concat([TABLE, second.assign(auroc=0.1)])
    x, y = points(reconstruction_weight_figure(table).axes[0])["forest"]
    assert list(x) == pytest.approx([0, 0.9, 32])
    assert list(y) == pytest.approx([0.8, 0.9, 0.7])


def test_roc_curves_are_of_the_shown_score_and_of_the_forest():
    generator = np.random.default_rng(0)
    scores = pd.DataFrame({"novel": [0, 1] * 10})
    for name in ("nominal/max_logit", "nominal/forest", "all_classes/forest"):
        scores[name] = generator.normal(size=20) + scores["novel"]
    figure = roc_figure(scores, TABLE)
    own, forest = figure.axes[:2]
    assert [line.get_label() for line in own.lines[:-1]] == ["nominal"]
    assert [line.get_label() for line in forest.lines[:-1]] == ["nominal", "all classes"]
    assert [axis.get_title() for axis in (own, forest)] == [OWN, FOREST]
    novel = scores["novel"].to_numpy() == 1
    for line, column in (
        (own.lines[0], "nominal/max_logit"),
        (forest.lines[0], "nominal/forest"),
        (forest.lines[1], "all_classes/forest"),
    ):
        area = np.trapezoid(line.get_ydata(), line.get_xdata())
        assert area == pytest.approx(delong_auroc(novel, scores[column].to_numpy()).estimate)
    assert own.get_xlabel() == "false positive rate (normal images)"
    assert own.get_ylabel() == "true positive rate (novel images)"


def test_roc_curve_rises_before_it_runs_where_a_novel_image_scores_highest():
    table = TABLE[TABLE["representation"] == "nominal"]
    scores = pd.DataFrame({"novel": [0, 0, 1, 1], "nominal/forest": [0.1, 0.6, 0.5, 0.9]})
    line = roc_figure(scores, table).axes[1].lines[0]
    drawn = list(zip(*line.get_data(), strict=True))
    assert drawn == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)]


def test_shown_score_is_the_first_in_the_table():
    assert own_score(TABLE, "nominal") == "max_logit"
    assert own_score(TABLE, "all_classes") is None


def test_score_of_z_is_never_the_one_shown():
    for name in LATENT_SCORES:
        first = TABLE.replace({"detector": {"max_logit": name}})
        assert own_score(first, "nominal") == "energy"
        assert own_score(first[first["detector"] == name], "nominal") is None
