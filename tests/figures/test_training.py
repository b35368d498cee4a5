"""Figures over the epochs of training: what is drawn is what the table says."""

import numpy as np
import pandas as pd
import pytest
from oracles.drawn import band_of, line_of

from novelty_maps.figures.style import CHANCE, NORMAL, NOVEL
from novelty_maps.figures.training import one_run_figure, training_figure, trajectory_figure

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3, 4],
        "train_loss": [0.5, 0.3, 0.2, 0.1],
        "validation_loss": [0.6, 0.35, 0.25, 0.3],
    }
)
MEASURES = ("agreement", "max_distance_saliency_to_error", "indirect_share")


def trajectory(epochs=(1, 2, 5, 10), seed=0):
    """A table whose columns all differ."""
    generator = np.random.default_rng(seed)
    table = pd.DataFrame({"epoch": epochs})
    for kind in ("normal", "novel"):
        for measure in MEASURES:
            values = generator.random(len(epochs)) + 1
            table[f"{kind}_{measure}"] = values
            table[f"{kind}_{measure}_low"] = values - generator.random(len(epochs))
            table[f"{kind}_{measure}_high"] = values + generator.random(len(epochs))
    return table


def test_losses_are_those_of_training_and_of_normal_validation_images():
    (axis,) = training_figure(HISTORY, best_epoch=3).axes
    for label, column, expected in (
        ("training", "train_loss", CHANCE),
        ("normal validation", "validation_loss", NORMAL),
    ):
        x, y, color = line_of(axis, label)
        np.testing.assert_array_equal(x, HISTORY["epoch"])
        np.testing.assert_array_equal(y, HISTORY[column])
        assert color == expected
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", "reconstruction loss")
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "log")


def test_kept_epoch_is_marked_at_its_validation_loss():
    (axis,) = training_figure(HISTORY, best_epoch=3).axes
    x, y, _ = line_of(axis, "kept: epoch 3")
    assert (x.tolist(), y.tolist()) == ([3], [0.25])


def test_loss_is_drawn_though_an_epoch_has_none():
    history = HISTORY.assign(train_loss=[np.nan, 0.3, 0.2, 0.1])
    (axis,) = training_figure(history, best_epoch=3).axes
    np.testing.assert_array_equal(line_of(axis, "training")[1], history["train_loss"])


def test_network_that_was_not_trained_has_a_validation_loss_alone():
    history = pd.DataFrame({"epoch": [0], "train_loss": [np.nan], "validation_loss": [0.2]})
    (axis,) = training_figure(history, best_epoch=0).axes
    assert [line.get_label() for line in axis.lines] == ["normal validation", "kept: epoch 0"]
    assert axis.lines[0].get_marker() == "o"  # a line of one point would not be seen


@pytest.fixture(scope="module")
def drawn():
    """Two runs, and the panels of the figure of both, (measures, runs)."""
    runs = {"slow": trajectory(), "fast": trajectory((2, 4), seed=1)}
    figure = trajectory_figure(runs, k=7)
    return runs, np.reshape(figure.axes, (3, 2))


def test_a_column_is_a_run_and_a_row_a_measure(drawn):
    runs, panels = drawn
    assert [axis.get_title() for axis in panels[0]] == ["slow", "fast"]
    for column, table in zip(panels.T, runs.values(), strict=True):
        for axis, measure in zip(column, MEASURES, strict=True):
            for kind, color in (("normal", NORMAL), ("novel", NOVEL)):
                x, y, used = line_of(axis, kind)
                np.testing.assert_array_equal(x, table["epoch"])
                np.testing.assert_array_equal(y, table[f"{kind}_{measure}"])
                assert used == color
                low, high = band_of(axis, color, table["epoch"])
                np.testing.assert_array_equal(low, table[f"{kind}_{measure}_low"])
                np.testing.assert_array_equal(high, table[f"{kind}_{measure}_high"])


def test_axes_say_what_they_measure(drawn):
    _, panels = drawn
    assert [axis.get_ylabel() for axis in panels[:, 0]] == [
        "top-7 agreement (pixels)",
        "max distance (pixels)",
        "indirect share",
    ]
    assert {axis.get_ylabel() for axis in panels[:, 1]} == {""}
    assert {axis.get_xlabel() for axis in panels[-1]} == {"epoch"}
    assert {axis.get_xscale() for axis in panels.ravel()} == {"log"}
    names = [text.get_text() for text in panels[0, 0].get_legend().get_texts()]
    assert names == ["normal", "novel"]


def test_ticks_are_epochs_far_enough_apart_to_be_read():
    axis = trajectory_figure({"": trajectory((1, 2, 3, 4, 10))}, k=5).axes[-1]
    assert axis.get_xticks().tolist() == [1, 4, 10]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "4", "10"]


def test_weights_from_elsewhere_stand_at_the_first_epoch_and_are_called_0():
    axis = trajectory_figure({"": trajectory((0,))}, k=5).axes[-1]
    assert line_of(axis, "normal")[0].tolist() == [1]
    assert axis.get_xticks().tolist() == [1]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0"]


def test_weights_kept_with_both_kinds_of_statistics_are_two_columns_of_panels():
    table = trajectory((1, 2, 5, 5)).assign(running=[0, 0, 0, 1])
    panels = np.reshape(one_run_figure(table, k=5).axes, (3, 2))
    assert [axis.get_title() for axis in panels[0]] == ["precise statistics", "running statistics"]
    drawn = [line_of(axis, "normal")[0].tolist() for axis in panels[0]]
    assert drawn == [[1, 2, 5], [5]]
    alone = one_run_figure(table[:3], k=5).axes
    assert [axis.get_title() for axis in alone] == ["", "", ""]
