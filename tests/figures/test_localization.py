"""Figures of localization: what is drawn is what the table says."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from oracles.drawn import (
    assert_texts_are_apart,
    bars,
    dots,
    intervals,
    legend,
    points,
    rows_of,
    ticks,
)
from oracles.localization_tables import KINDS, MEASURES, localization

from novelty_maps.figures.localization import gain_figure, kinds_figure, maps_figure, size_figure
from novelty_maps.figures.shown import shown_methods
from novelty_maps.figures.style import CHANCE, line_look
from novelty_maps.maps.methods import MAP_METHODS
from novelty_maps.maps.names import short_name

LABELS = ("average precision", "AUPRO")


def ends(rows, measure):
    return rows[[f"{measure}_low", f"{measure}_high"]].to_numpy()


# --- kinds


@pytest.mark.parametrize("count", [3, 14])
def test_there_is_a_bar_a_kind_and_map(count):
    kinds = [f"kind_of_{i}" for i in range(count)]
    table = localization(kinds=kinds)
    methods = shown_methods(table)
    figure = kinds_figure(table, methods)
    for axis in figure.axes:
        assert len(axis.patches) == (count + 1) * len(methods)
        assert len(dots(axis)) == len(methods)
    assert ticks(figure.axes[1]) == ["all images", *(kind.replace("_", " ") for kind in kinds)]
    names = ["recon. error", "|error|", "saliency", "saliency²", "occlusion", "Sobel"]
    assert legend(figure) == names
    assert_texts_are_apart(figure, figure.legends[0].get_texts())


def test_names_of_kinds_are_no_formulas():
    kinds = ["a$^^$b", "cost_$5_$10"]
    shown = [r"a\$^^\$b", r"cost \$5 \$10"]
    figure = kinds_figure(localization(kinds=kinds), ["saliency"])
    figure.draw_without_rendering()
    assert ticks(figure.axes[1]) == ["all images", *shown]
    pictures = np.zeros((2, 8, 8))
    figure = maps_figure({"mask": pictures}, {"saliency": pictures}, kinds=kinds, colormap="gray")
    figure.draw_without_rendering()
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == shown


def test_bars_are_the_measures_of_their_map_and_kind_with_their_intervals():
    table = localization()
    methods = ["saliency", "reconstruction_error", "sobel"]
    figure = kinds_figure(table, methods)
    assert [axis.get_ylabel() for axis in figure.axes] == list(LABELS)
    for axis, measure in zip(figure.axes, MEASURES, strict=True):
        places = axis.get_xticks()
        assert list(places) == sorted(places)
        for method, drawn, errors in zip(methods, bars(axis), dots(axis), strict=True):
            rows = table[table["method"] == method].set_index("group").loc[["all", *KINDS]]
            assert drawn.get_label() == short_name(method)
            assert {bar.get_facecolor() for bar in drawn} == {to_rgba(line_look(method)["color"])}
            np.testing.assert_allclose([bar.get_height() for bar in drawn], rows[measure])
            np.testing.assert_allclose(intervals(errors), ends(rows, measure))
            centers = np.array([bar.get_center()[0] for bar in drawn])
            assert (np.abs(centers - places) < 0.5).all()
    starts = [[bar.get_x() for bar in drawn] for drawn in bars(figure.axes[0])]
    assert (np.diff(starts, axis=0) > 0).all()  # side by side, in the order of the maps


def test_kind_without_a_value_and_a_missing_map_leave_gaps():
    table = localization()
    table.loc[table["group"] == "disk", "average_precision"] = np.nan
    table = table[(table["group"] != "square") | (table["method"] != "saliency")]
    figure = kinds_figure(table, ["saliency", "sobel"])
    figure.draw_without_rendering()
    assert len(figure.axes[0].patches) == 4 + 3


# --- gains


def test_gains_are_sorted_with_the_controls_below():
    figure = gain_figure(localization())
    left, _ = figure.axes
    assert rows_of(left) == [
        "direct term",
        "occlusion",
        "|error|",
        "saliency²",
        "saliency",
        "SmoothGrad",
        "Sobel",
        "uniform",
    ]
    attributions, controls = (points(each) for each in dots(left))
    assert list(attributions[:, 0]) == pytest.approx([0.5, 0.1, -0.02, -0.04, -0.05, -0.1])
    assert list(controls[:, 0]) == pytest.approx([-0.2, -0.3])
    assert min(attributions[:, 1]) > max(controls[:, 1])
    assert [each[0].get_color() for each in dots(left)] == ["black", CHANCE]
    assert [text.get_color() for text in left.get_yticklabels()] == ["black"] * 6 + [CHANCE] * 2


def test_each_gain_stands_in_the_row_of_its_map_with_its_interval():
    table = localization()
    rows = table[table["grouping"] == "all"].set_index("method")
    names = {short_name(method): method for method in rows.index}
    figure = gain_figure(table)
    named = dict(zip(figure.axes[0].get_yticks(), rows_of(figure.axes[0]), strict=True))
    for axis, measure, label in zip(figure.axes, MEASURES, LABELS, strict=True):
        assert axis.get_xlabel() == f"gain in {label}"
        reference = rows.loc["reconstruction_error", measure]
        assert axis.get_title() == f"0 = recon. error ({reference:.3f})"
        drawn = 0
        for each in dots(axis):
            for (x, y), interval in zip(points(each), intervals(each, along="x"), strict=True):
                row = rows.loc[[names[named[y]]]]
                assert x == pytest.approx(row[f"{measure}_gain"].item())
                np.testing.assert_allclose(interval, ends(row, f"{measure}_gain")[0])
                drawn += 1
        assert drawn == len(named) == 8


def test_gains_of_the_reference_alone_are_an_empty_figure():
    table = localization({"reconstruction_error": 0.4})
    gain_figure(table).draw_without_rendering()


# --- sizes and intensities


def test_lines_lie_over_size_and_intensity():
    table = localization()
    methods = ["saliency", "sobel"]
    figure = size_figure(table, methods)
    size, intensity = figure.axes
    assert ticks(size) == ["0.2", "0.5"]
    assert ticks(intensity) == ["0.3", "1"]
    assert size.get_ylabel() == "AUPRO"
    assert size.get_xlabel().startswith("size")
    assert intensity.get_xlabel().startswith("intensity")
    assert legend(figure) == ["saliency", "Sobel"]
    for axis, grouping, groups in (
        (size, "size", ["0.2", "0.5"]),
        (intensity, "intensity", ["0.3", "1.0"]),
    ):
        of_grouping = table[table["grouping"] == grouping]
        for method, line in zip(methods, dots(axis), strict=True):
            rows = of_grouping[of_grouping["method"] == method].set_index("group").loc[groups]
            drawn = points(line)
            assert line.get_label() == short_name(method)
            np.testing.assert_allclose(drawn[:, 0], [float(group) for group in groups], atol=0.02)
            np.testing.assert_allclose(drawn[:, 1], rows["aupro"])
            np.testing.assert_allclose(intervals(line), ends(rows, "aupro"))


def test_novelties_without_a_size_are_told_of():
    table = localization()
    table = table[~table["grouping"].isin(["size", "intensity"])]
    figure = size_figure(table, ["saliency"])
    figure.draw_without_rendering()
    said = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert said == ["no novelty has a known size", "no novelty has a known intensity"]


# --- maps


def test_maps_are_a_row_a_kind_and_a_column_a_map():
    grey, colored = np.zeros((2, 8, 8)), np.zeros((2, 8, 8, 3))
    maps = dict.fromkeys([method for method in MAP_METHODS if method != "mask"], grey)
    maps["uniform"] = np.full((2, 8, 8), np.nan)  # a map that is all zero
    figure = maps_figure(
        {"before": colored, "planted": colored, "mask": grey},
        maps,
        kinds=["disk", "erased_stroke"],
        colormap="gray",
    )
    (axis,) = figure.axes
    assert len(axis.images) == 2 * (3 + len(maps))
    assert axis.get_aspect() == 1  # so that images are square
    titles = axis.texts
    assert [title.get_text() for title in titles[:4]] == [
        "before",
        "planted",
        "mask",
        "recon. error",
    ]
    labels = axis.get_yticklabels()
    assert [label.get_text() for label in labels] == ["disk", "erased stroke"]
    assert_texts_are_apart(figure, labels)
    extents = [title.get_window_extent() for title in titles]
    assert max(box.x1 for box in extents) <= figure.bbox.x1
    assert max(box.y1 for box in extents) <= figure.bbox.y1


def test_each_picture_stands_in_the_row_of_its_kind_and_the_column_of_its_map():
    generator = np.random.default_rng(0)
    before, planted = generator.random((2, 3, 8, 8, 3))
    mask, error, saliency = generator.random((3, 3, 8, 8))
    columns = {"before": before, "planted": planted, "mask": mask}
    maps = {"saliency": saliency, "reconstruction_error": error}
    figure = maps_figure(columns, maps, kinds=KINDS, colormap="viridis")
    (axis,) = figure.axes
    titles = [text.get_text() for text in axis.texts]
    assert titles == ["before", "planted", "mask", "saliency", "recon. error"]
    assert [text.get_position()[0] // 1 for text in axis.texts] == list(range(5))
    rows = [tick // 1 for tick in axis.get_yticks()]
    assert rows == list(range(len(KINDS)))
    shown = {(image.get_extent()[3], image.get_extent()[0]): image for image in axis.images}
    assert len(shown) == len(axis.images) == 5 * len(KINDS)
    for row, _ in enumerate(KINDS):
        for column, pictures in enumerate((before, planted, mask, saliency, error)):
            image = shown[row, column]
            np.testing.assert_array_equal(image.get_array(), pictures[row])
            assert image.get_clim() == (0, 1)
            assert image.get_cmap().name == "viridis"
