"""Figures of faithfulness: what is drawn is what the tables say."""

import itertools

import numpy as np
import pandas as pd
import pytest
from oracles.drawn import (
    assert_texts_are_apart,
    dots,
    intervals,
    legend,
    points,
    rows_of,
    ticks,
)

from novelty_maps.figures.faithfulness import deletion_figure, randomization_figure
from novelty_maps.maps.names import short_name

SIMILARITIES = ("spearman", "ssim", "average_precision")


def randomization(layers, methods=("saliency", "sobel")):
    """A table in which no two numbers are the same."""
    generator = np.random.default_rng(0)
    rows = [
        {"step": step, "layer": layer, "method": method}
        | dict(zip(SIMILARITIES, generator.random(3), strict=True))
        for step, layer in enumerate([np.nan, *layers])
        for method in methods
    ]
    return pd.DataFrame(rows, columns=["step", "layer", "method", *SIMILARITIES])


def deletion():
    table = pd.DataFrame(
        itertools.product(["saliency", "sobel"], ["deletion", "insertion"], ["black", "mean"]),
        columns=["method", "measure", "baseline"],
    )
    table["area"] = np.arange(8.0)
    table["area_low"] = table["area"] - 0.5 - table["area"] / 100
    table["area_high"] = table["area"] + 0.7 + table["area"] / 100
    return table


# --- randomization


def test_few_layers_are_named_from_the_trained_network_on():
    table = randomization(["decoder.1", "decoder.0", "encoder.0"])
    figure = randomization_figure(table)
    assert ticks(figure.axes[-1]) == ["trained", "decoder.1", "decoder.0", "encoder.0"]
    assert legend(figure) == ["saliency", "Sobel"]
    assert_texts_are_apart(figure, figure.axes[-1].get_xticklabels())


def test_lines_are_the_similarities_of_their_map_along_the_steps():
    table = randomization(["last", "first"]).sample(frac=1, random_state=0)
    figure = randomization_figure(table)
    assert [axis.get_ylabel() for axis in figure.axes] == [
        "Spearman's ρ",
        "SSIM",
        "average precision",
    ]
    for axis, measure in zip(figure.axes, SIMILARITIES, strict=True):
        lines = {line.get_label(): line for line in axis.lines}
        for method in ("saliency", "sobel"):
            rows = table[table["method"] == method].sort_values("step")
            drawn = lines[short_name(method)]
            assert list(drawn.get_xdata()) == [0, 1, 2]
            np.testing.assert_array_equal(drawn.get_ydata(), rows[measure])


def test_many_layers_are_counted_and_their_parts_named():
    layers = [f"{part}.{i}" for part in ("decoder", "encoder") for i in range(15)]
    figure = randomization_figure(randomization(layers))
    figure.draw_without_rendering()
    assert not any("." in text for text in ticks(figure.axes[-1]))
    assert {text.get_text(): text.xy[0] for text in figure.axes[0].texts} == {
        " decoder": 0.5,
        " encoder": 15.5,
    }


def test_network_without_layers_is_told_of():
    figure = randomization_figure(randomization([]).iloc[:0])
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert "no layers" in axis.texts[0].get_text()


# --- deletion and insertion


def test_areas_are_dots_by_measure_and_baseline():
    table = deletion().drop(index=7)  # insertion of Sobel into the mean
    figure = deletion_figure(table)
    figure.draw_without_rendering()
    assert [axis.get_title() for axis in figure.axes] == ["black", "mean", "", ""]
    assert [axis.get_ylabel() for axis in figure.axes] == [
        "deletion (lower is better)",
        "",
        "insertion (higher is better)",
        "",
    ]
    assert rows_of(figure.axes[0]) == ["Sobel", "saliency"]
    areas = [[x for each in dots(axis) for x in points(each)[:, 0]] for axis in figure.axes]
    assert areas == [[4, 0], [5, 1], [6, 2], [3]]


def test_each_area_stands_in_the_row_of_its_map_with_its_interval():
    table = deletion()
    figure = deletion_figure(table)
    panels = itertools.product(["deletion", "insertion"], ["black", "mean"])
    for axis, (measure, baseline) in zip(figure.axes, panels, strict=True):
        part = table[(table["measure"] == measure) & (table["baseline"] == baseline)]
        named = dict(enumerate(rows_of(figure.axes[0])))
        found = {}
        for each in dots(axis):
            ((x, y),) = points(each)
            found[named[y]] = (x, *intervals(each, along="x")[0])
        columns = ["area", "area_low", "area_high"]
        rows = {short_name(row["method"]): tuple(row[columns]) for _, row in part.iterrows()}
        assert found.keys() == rows.keys()
        for name, numbers in rows.items():
            assert found[name] == pytest.approx(numbers)
