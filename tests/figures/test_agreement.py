"""Figures of agreement: what is drawn is what the table says."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from oracles.drawn import band_of, bars_of, line_of, points_of

from novelty_maps.figures.agreement import (
    agreement_by_k_figure,
    agreement_figure,
    distances_figure,
    explanation_figure,
)
from novelty_maps.figures.style import CHANCE, NORMAL, NOVEL

COLORS = {"normal": NORMAL, "novel": NOVEL}
HISTOGRAM = pd.DataFrame(
    {
        "agreement": [0, 1, 2, 3],
        "normal": [0.1, 0.2, 0.3, 0.4],
        "novel": [0.5, 0.25, 0.15, 0.1],
        "chance": [0.6, 0.3, 0.08, 0.02],
    }
)
DISTANCES = pd.DataFrame(
    {"distance": [0, 1, 2], "normal": [0.7, 0.2, 0.1], "novel": [0.3, 0.3, 0.4]}
)


def curves(count=9, defined=6):
    """A table over K whose columns all differ; distances end before the last K."""
    k = np.arange(1, count + 1)
    table = pd.DataFrame({"k": k, "chance_agreement": k**2 / count})
    for place, kind in enumerate(("normal", "novel")):
        for measure, scale in (("agreement", 0.8), ("max_distance", 3.0)):
            values = (scale - 0.1 * place) * k / (1 if measure == "agreement" else k**2)
            table[f"{kind}_{measure}"] = values
            table[f"{kind}_{measure}_low"] = values * 0.9
            table[f"{kind}_{measure}_high"] = values * 1.2
            if measure == "max_distance":
                table.loc[k > defined, table.columns[-3:]] = np.nan
    return table


def labels_of(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_bars_of_the_agreement_are_the_shares_of_normal_and_novel_images():
    figure = agreement_figure(HISTOGRAM)
    (axis,) = figure.axes
    bars = bars_of(axis)
    assert list(bars) == ["normal", "novel"]
    for kind, side in (("normal", -1), ("novel", 1)):
        places, heights, colors = bars[kind]
        np.testing.assert_allclose(places, HISTOGRAM["agreement"] + side * 0.2)
        np.testing.assert_allclose(heights, HISTOGRAM[kind])
        assert colors == {to_rgba(COLORS[kind])}
    x, y, color = line_of(axis, "chance")
    np.testing.assert_array_equal(x, HISTOGRAM["agreement"])
    np.testing.assert_array_equal(y, HISTOGRAM["chance"])
    assert color == CHANCE
    assert axis.get_xlabel() == "top-3 agreement (pixels)"
    assert axis.get_ylabel() == "share of images"
    assert axis.get_xticks().tolist() == [0, 1, 2, 3]
    assert sorted(labels_of(axis.get_legend())) == ["chance", "normal", "novel"]


def test_agreements_of_a_large_k_have_ticks_of_their_own():
    table = pd.DataFrame({name: np.ones(31) / 31 for name in ("normal", "novel", "chance")})
    axis = agreement_figure(table.assign(agreement=np.arange(31))).axes[0]
    assert axis.get_xlabel() == "top-30 agreement (pixels)"
    assert len(axis.get_xticks()) < 31


def test_agreement_over_k_is_a_share_of_k_with_its_interval_and_the_chance_level():
    table = curves()
    (axis,) = agreement_by_k_figure(table, k=4).axes
    for kind, color in COLORS.items():
        x, y, drawn = line_of(axis, kind)
        np.testing.assert_array_equal(x, table["k"])
        np.testing.assert_allclose(y, table[f"{kind}_agreement"] / table["k"])
        assert drawn == color
        low, high = band_of(axis, color, table["k"])
        np.testing.assert_allclose(low, table[f"{kind}_agreement_low"] / table["k"])
        np.testing.assert_allclose(high, table[f"{kind}_agreement_high"] / table["k"])
    x, y, color = line_of(axis, "chance")
    np.testing.assert_array_equal(x, table["k"])
    np.testing.assert_allclose(y, table["k"] / 9)
    assert color == CHANCE


def test_agreement_over_k_marks_the_headline_and_names_its_axes():
    (axis,) = agreement_by_k_figure(curves(), k=4).axes
    assert [line.get_xdata() for line in axis.lines if len(line.get_xdata()) == 2] == [[4, 4]]
    (note,) = axis.texts
    assert note.get_text() == " K = 4"
    assert note.xy[0] == 4
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("K (pixels)", "top-K agreement / K")
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "linear")
    assert axis.get_ylim() == (0, 1.02)
    assert labels_of(axis.get_legend()) == ["normal", "novel", "chance"]


def test_distances_at_k_are_steps_of_one_pixel():
    left, _ = distances_figure(DISTANCES, curves(), k=4).axes
    steps = {patch.get_label(): patch for patch in left.patches if patch.get_label() in COLORS}
    assert list(steps) == ["normal", "novel"]
    for kind, patch in steps.items():
        values, edges, _ = patch.get_data()
        np.testing.assert_array_equal(values, DISTANCES[kind])
        assert edges.tolist() == [0, 1, 2, 3]
        assert patch.get_edgecolor() == to_rgba(COLORS[kind])
    filled = [patch for patch in left.patches if patch.get_fill()]
    for patch, kind in zip(filled, COLORS, strict=True):
        np.testing.assert_array_equal(patch.get_data().values, DISTANCES[kind])
        assert patch.get_facecolor() == to_rgba(COLORS[kind], 0.25)
    assert labels_of(left.get_legend()) == ["normal", "novel"]
    assert left.get_xlabel() == "max distance to best match at K = 4 (pixels)"
    assert left.get_ylabel() == "share of images"


def test_distances_over_k_are_drawn_where_they_are_defined():
    table = curves(defined=6)
    _, right = distances_figure(DISTANCES, table, k=4).axes
    for kind, color in COLORS.items():
        x, y, drawn = line_of(right, kind)
        assert x.tolist() == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(y, table[f"{kind}_max_distance"][:6])
        assert drawn == color
        low, high = band_of(right, color, table["k"][:6])
        np.testing.assert_allclose(low, table[f"{kind}_max_distance_low"][:6])
        np.testing.assert_allclose(high, table[f"{kind}_max_distance_high"][:6])
    assert [line.get_xdata() for line in right.lines if len(line.get_xdata()) == 2] == [[4, 4]]
    assert (right.get_xlabel(), right.get_ylabel()) == ("K (pixels)", "mean max distance (pixels)")
    assert right.get_xscale() == "log"
    assert labels_of(right.get_legend()) == ["normal", "novel"]
    assert right.get_ylim()[0] == 0


@pytest.fixture
def deciles():
    """Tables of both measures, in which no two numbers are alike."""
    generator = np.random.default_rng(0)
    tables = {}
    for measure in ("indirect_share", "gradient_error_cosine"):
        values = pd.DataFrame(
            {"novel": [0, 0, 0, 1, 1], measure: generator.random(5), "agreement": [3, 4, 5, 6, 7.5]}
        )
        low = values["agreement"] - generator.random(5)
        high = values["agreement"] + generator.random(5)
        tables[measure] = values.assign(agreement_low=low, agreement_high=high)
    return tables


def test_agreement_of_alike_images_is_drawn_over_each_measure(deciles):
    panels = explanation_figure(deciles, k=8).axes
    for axis, (measure, table) in zip(panels, deciles.items(), strict=True):
        points = points_of(axis)
        assert list(points) == ["normal", "novel"]
        for novel, (kind, drawn) in enumerate(points.items()):
            rows = table[table["novel"] == novel]
            np.testing.assert_allclose(drawn.x, rows[measure])
            np.testing.assert_allclose(drawn.y, rows["agreement"])
            np.testing.assert_allclose(drawn.low, rows["agreement_low"])
            np.testing.assert_allclose(drawn.high, rows["agreement_high"])
            assert drawn.color == COLORS[kind]
    assert [axis.get_xlabel() for axis in panels] == [
        "share of the indirect term",
        "cosine of gradient and error",
    ]
    assert [axis.get_ylabel() for axis in panels] == ["mean top-8 agreement (pixels)", ""]
    assert {axis.get_ylim()[0] for axis in panels} == {0}
    assert labels_of(panels[0].get_legend()) == ["normal", "novel"]


def test_kind_without_values_has_no_points(deciles):
    normal = {measure: table[table["novel"] == 0] for measure, table in deciles.items()}
    for axis in explanation_figure(normal, k=8).axes:
        points = points_of(axis)
        assert (len(points["normal"].x), len(points["novel"].x)) == (3, 0)
