"""What the figures of the authors' networks and ours show, read from the figures themselves."""

import numpy as np
import pandas as pd
import pytest
from oracles.drawn import assert_texts_are_apart, dots, legend, points_of, ticks

from novelty_maps.figures.style import BLUE, VERMILION
from studies.authors import RUN
from studies.figures.authors import along_training, nulls_over_training

DIFFERENCE = "normal_minus_novel_agreement"
GAIN = "average_precision_gain_over_absolute_error"
EPOCHS = {
    ("authors", "plain", "a"): [50, 100, 500],
    ("authors", "plain", "b"): [500, 250],  # a table need not be in the order of epochs
    ("authors", "denoising", ""): [50, 500],
    ("ours", "plain", "seed 0"): [1, 20, 50, 500],
    ("ours", "plain", "seed 1"): [1, 20, 50, 500],
    ("ours", "denoising", "seed 0"): [500, 20],
}
LABELS = {
    "authors, plain a": ("authors", "plain", "a"),
    "authors, plain b": ("authors", "plain", "b"),
    "authors, denoising": ("authors", "denoising", ""),
    "ours, plain seed 0": ("ours", "plain", "seed 0"),
    "ours, plain seed 1": ("ours", "plain", "seed 1"),
    "ours, denoising seed 0": ("ours", "denoising", "seed 0"),
}
COLORS = {"authors": VERMILION, "ours": BLUE}
LINES = {"plain": "-", "denoising": "--"}
NULLS = ("agreement", "shuffled_agreement", "other_image_agreement")


def networks(*measures, epochs=EPOCHS, seed=0, **more):
    """A row a network whose columns all differ."""
    generator = np.random.default_rng(seed)
    rows = [(*run, epoch) for run, of_run in epochs.items() for epoch in of_run]
    table = pd.DataFrame(rows, columns=[*RUN, "epoch"]).assign(**more)
    for measure in measures:
        table[measure] = generator.normal(size=len(table))
        table[f"{measure}_low"] = table[measure] - generator.random(len(table)) - 0.1
        table[f"{measure}_high"] = table[measure] + generator.random(len(table)) + 0.1
    return table


AGREEMENT = networks(DIFFERENCE, "normal_agreement")
LOCALIZATION = pd.concat(
    [
        networks(GAIN, "average_precision_gain", seed=seed, method=method)
        for seed, method in enumerate(("reconstruction_error", "saliency", "squared_saliency"), 1)
    ],
    ignore_index=True,
)
SALIENCY = LOCALIZATION[LOCALIZATION["method"] == "saliency"]


def rows_of(table, run):
    source, training, name = run
    own = table[(table["source"] == source) & (table["training"] == training)]
    return own[own["run"] == name].sort_values("epoch")


def assert_lines_are(axis, table, measure):
    """A line with intervals for every run of the table, and no other."""
    drawn = points_of(axis)
    assert {LABELS[label] for label in drawn} == set(table[RUN].itertuples(index=False, name=None))
    for label, found in drawn.items():
        rows = rows_of(table, LABELS[label])
        np.testing.assert_array_equal(found.x, rows["epoch"])
        np.testing.assert_array_equal(found.y, rows[measure])
        np.testing.assert_allclose(found.low, rows[f"{measure}_low"])
        np.testing.assert_allclose(found.high, rows[f"{measure}_high"])


def looks(axis):
    """Label to colour, line and marker."""
    found = {}
    for container in dots(axis):
        line = container[0]
        look = line.get_color(), line.get_linestyle(), line.get_marker()
        found[container.get_label()] = look
    return found


def test_every_run_is_a_line_with_its_intervals_left_agreement_and_right_saliency():
    left, right = along_training(AGREEMENT, LOCALIZATION).axes
    assert_lines_are(left, AGREEMENT, DIFFERENCE)
    assert_lines_are(right, SALIENCY, GAIN)
    assert left.get_ylabel() == "top-10 agreement, normal − novel (pixels)"
    assert right.get_ylabel() == "average precision, saliency − |error|"


def test_colour_is_of_the_source_the_line_of_the_training_and_all_six_differ():
    left, _ = along_training(AGREEMENT, LOCALIZATION).axes
    found = looks(left)
    for label, (source, training, _) in LABELS.items():
        assert found[label][:2] == (COLORS[source], LINES[training])
    assert len(set(found.values())) == len(LABELS)


def test_legend_names_every_run_once_and_speaks_for_both_panels():
    """The maps were asked for in another order, and not of every run."""
    turned = LOCALIZATION[::-1]
    fewer = turned[turned["run"] != "b"]
    figure = along_training(AGREEMENT, fewer)
    left, right = figure.axes
    assert legend(figure) == list(LABELS)
    assert_lines_are(right, fewer[fewer["method"] == "saliency"], GAIN)
    everywhere = looks(left)
    assert len(looks(right)) == 5
    assert all(everywhere[label] == look for label, look in looks(right).items())


def test_both_panels_have_a_line_at_no_difference():
    for axis in along_training(AGREEMENT, LOCALIZATION).axes:
        lines = [line for line in axis.lines if set(line.get_ydata()) == {0}]
        assert [line.get_xdata() for line in lines] == [[0, 1]]  # from edge to edge


def nulls():
    """Networks with agreement and its nulls, of both kinds of image; at epoch 20 three of ours."""
    measures = (f"{kind}_{name}" for kind in ("normal", "novel") for name in NULLS)
    return networks(*measures, epochs=EPOCHS | {("ours", "plain", "seed 2"): [20]})


@pytest.mark.parametrize(
    ("draw", "tables"),
    [(along_training, (AGREEMENT, LOCALIZATION)), (nulls_over_training, (nulls(),))],
)
def test_epochs_are_on_a_log_axis_with_ticks_of_their_own(draw, tables):
    figure = draw(*tables)
    for axis in figure.axes:
        assert (axis.get_xscale(), axis.get_xlabel()) == ("log", "epoch")
        assert axis.get_xticks().tolist() == [1, 2, 5, 10, 20, 50, 100, 200, 500]
        assert ticks(axis) == ["1", "2", "5", "10", "20", "50", "100", "200", "500"]
        assert not len(axis.get_xticks(minor=True))
        assert_texts_are_apart(figure, [*axis.get_xticklabels(), axis.xaxis.label])
        assert_texts_are_apart(figure, [axis.yaxis.label])
    assert_texts_are_apart(figure, figure.legends[0].get_texts())


MEASURES = {
    "agreement": ("agreement", "-"),
    "indirect term shuffled": ("shuffled_agreement", "--"),
    "that of another image": ("other_image_agreement", ":"),
}


def test_agreement_and_its_nulls_are_lines_of_the_plain_runs():
    """Denoising networks, which were evaluated at some of these epochs too, are left out."""
    table = nulls()
    plain = table[table["training"] == "plain"].sort_values("epoch")
    for kind, axis in zip(("normal", "novel"), nulls_over_training(table).axes, strict=True):
        assert axis.get_title() == f"{kind} images"
        drawn = {
            (line.get_label(), line.get_linestyle(), line.get_color(), *line.get_xydata().ravel())
            for line in axis.lines
        }
        expected = {
            (
                f"{run[0]}: {words}",
                style,
                COLORS[run[0]],
                *rows[["epoch", f"{kind}_{measure}"]].to_numpy().ravel(),
            )
            for run, rows in plain.groupby(RUN)
            for words, (measure, style) in MEASURES.items()
        }
        assert drawn == expected
        assert len(axis.lines) == len(expected) == 3 * plain.groupby(RUN).ngroups


def test_panels_of_the_nulls_share_the_axis_of_all_ten_pixels_and_a_legend():
    figure = nulls_over_training(nulls())
    left, right = figure.axes
    assert left.get_shared_y_axes().joined(left, right)
    assert left.get_ylim() == right.get_ylim() == (0, 10)
    assert left.get_ylabel() == "top-10 agreement (pixels)"
    expected = [f"{source}: {words}" for words in MEASURES for source in COLORS]
    assert legend(figure) == expected
