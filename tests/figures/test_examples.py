"""Figure 1: which images are shown, and that each picture is what its title says."""

import numpy as np
import pandas as pd
import pytest

from novelty_maps.figures.examples import (
    draw_examples,
    for_display,
    maps_figure,
    shown_columns,
)
from novelty_maps.figures.style import NORMAL, NOVEL

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (3, 1, 4, 5), dtype=np.uint8)
RECONSTRUCTIONS = GENERATOR.random((3, 1, 4, 5), dtype=np.float32)
MAPS = {
    name: GENERATOR.random((3, 4, 5), dtype=np.float32) / 2
    for name in ("reconstruction_error", "saliency")
}
ROWS = pd.DataFrame({"label": [7, 3, 4], "novel": [0, 1, 1]}, index=[20, 9, 11])
TITLES = ["input", "reconstruction", "saliency", "squared saliency", "recon. error"]
K = 3
DIGITS = list("0123456789")


def test_examples_are_normal_ones_then_novel_ones_none_twice():
    novel = np.arange(30) % 3 == 0
    rows = draw_examples(novel, count=4, generator=np.random.default_rng(0))
    assert novel[rows].tolist() == [False] * 4 + [True] * 4
    assert len(set(rows.tolist())) == 8


def test_examples_are_all_there_are_if_there_are_fewer():
    novel = np.array([True, False, False, False, False])
    rows = draw_examples(novel, count=3, generator=np.random.default_rng(0))
    assert novel[rows].tolist() == [False] * 3 + [True]


def test_examples_are_a_function_of_the_generator():
    novel = np.arange(100) % 2 == 0
    first, again, other = (
        draw_examples(novel, count=5, generator=np.random.default_rng(seed)).tolist()
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_grey_images_are_shown_without_a_channel_axis():
    images = np.array([[[[-0.5, 0.25], [0.5, 1.5]]]])
    assert for_display(images).tolist() == [[[0, 0.25], [0.5, 1]]]


def test_colour_images_are_shown_with_the_channels_last():
    images = np.random.default_rng(0).random((2, 3, 4, 5))
    shown = for_display(images)
    assert shown.shape == (2, 4, 5, 3)
    np.testing.assert_array_equal(shown[1, 2, 3], images[1, :, 2, 3])


def scaled(maps):
    return maps / maps.max(axis=(1, 2), keepdims=True).astype(np.float64)


def test_columns_are_the_images_and_their_scaled_maps():
    columns = shown_columns(IMAGES, RECONSTRUCTIONS, MAPS)
    assert list(columns) == TITLES
    np.testing.assert_array_equal(columns["input"], IMAGES[:, 0] / 255)
    np.testing.assert_array_equal(columns["reconstruction"], RECONSTRUCTIONS[:, 0])
    np.testing.assert_array_equal(columns["saliency"], scaled(MAPS["saliency"]))
    np.testing.assert_array_equal(columns["squared saliency"], scaled(MAPS["saliency"]) ** 2)
    np.testing.assert_array_equal(columns["recon. error"], scaled(MAPS["reconstruction_error"]))


@pytest.fixture(scope="module")
def axes():
    """Panels of the figure, (rows, columns)."""
    columns = shown_columns(IMAGES, RECONSTRUCTIONS, MAPS)
    figure = maps_figure(columns, MAPS, ROWS, classes=DIGITS, k=K, colormap="gray")
    return np.reshape(figure.axes, (3, 6))


def test_a_row_is_an_image_and_a_column_what_its_title_says(axes):
    assert [axis.get_title() for axis in axes[0]] == [*TITLES, "top 3 of both"]
    columns = shown_columns(IMAGES, RECONSTRUCTIONS, MAPS)
    for row, panels in enumerate(axes):
        for axis, title in zip(panels, [*TITLES, "input"], strict=True):
            (picture,) = axis.images
            np.testing.assert_array_equal(picture.get_array(), columns[title][row])
            assert picture.get_clim() == (0, 1)
            assert picture.get_cmap().name == "gray"
            assert picture.get_alpha() == (0.45 if axis is panels[-1] else 1)


def test_rows_are_named_by_kind_and_class(axes):
    labels = [axis.yaxis.label for axis in axes[:, 0]]
    assert [label.get_text() for label in labels] == ["normal 7", "novel 3", "novel 4"]
    assert [label.get_color() for label in labels] == [NORMAL, NOVEL, NOVEL]


def test_names_of_classes_stand_below_the_kind_where_they_are_long():
    names = [*DIGITS[:3], "oak_tree", "a_$x$", "5", "6", "cat"]
    columns = shown_columns(IMAGES, RECONSTRUCTIONS, MAPS)
    figure = maps_figure(columns, MAPS, ROWS, classes=names, k=K, colormap="gray")
    figure.draw_without_rendering()
    labels = [axis.get_ylabel() for axis in figure.axes[::6]]
    assert labels == ["normal\ncat", "novel\noak tree", "novel\na \\$x\\$"]


def test_marks_are_the_top_k_of_each_map_at_their_places(axes):
    for row, axis in enumerate(axes[:, -1]):
        marks = {marked.get_label(): marked for marked in axis.collections}
        assert marks.keys() == {"reconstruction error", "saliency"}
        for label, marked in marks.items():
            map_ = MAPS[label.replace(" ", "_")][row]
            highest = np.argsort(map_, axis=None)[::-1][:K]
            y, x = np.unravel_index(highest, map_.shape)
            np.testing.assert_array_equal(marked.get_offsets(), np.stack([x, y], axis=1))
        assert axis.get_xlim() == (-0.5, 4.5)
        assert axis.get_ylim() == (3.5, -0.5)  # the first row of pixels on top


def test_legend_tells_squares_from_crosses(axes):
    (legend,) = axes[0, 0].figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["reconstruction error", "saliency"]
    squares, crosses = axes[0, -1].collections
    assert squares.get_label() == "reconstruction error"
    assert len(squares.get_facecolors()) == 0  # hollow
    assert not np.array_equal(squares.get_edgecolors(), crosses.get_edgecolors())


def test_colour_images_have_maps_of_one_channel_beside_them():
    images = np.repeat(IMAGES, 3, axis=1)
    columns = shown_columns(images, np.repeat(RECONSTRUCTIONS, 3, axis=1), MAPS)
    figure = maps_figure(columns, MAPS, ROWS, classes=DIGITS, k=K, colormap="gray")
    shapes = [axis.images[0].get_array().shape for axis in figure.axes[:6]]
    assert shapes == [(4, 5, 3), (4, 5, 3), (4, 5), (4, 5), (4, 5), (4, 5, 3)]
