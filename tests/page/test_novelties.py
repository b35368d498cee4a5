"""Images with a novelty on the page: rows, masks and steps of the maps."""

import numpy as np
import pytest
from oracles.small_page import METHODS, found, planted, planted_maps
from page.test_sprites import picture

from novelty_maps.page.novelties import shown_novelties
from novelty_maps.page.sprites import quantile_steps


@pytest.fixture(scope="module")
def shown():
    return shown_novelties(planted(), planted_maps(), found(), colormap="gray")


def test_rows_have_the_precision_of_each_map(shown):
    table = found().set_index(["row", "method"])["average_precision"]
    for row in shown["rows"]:
        assert list(row["found"]) == METHODS
        for method, value in row["found"].items():
            np.testing.assert_equal(value, table[row["row"], method])


def test_pictures_are_the_images_masks_and_steps(shown):
    images, maps = planted(), planted_maps()
    for row in range(6):
        np.testing.assert_array_equal(picture(shown["sheets"]["after"], row), images.after[row, 0])
        np.testing.assert_array_equal(picture(shown["sheets"]["mask"], row) > 127, images.mask[row])
    for map_, (name, values) in zip(shown["maps"], maps.items(), strict=True):
        assert map_["name"] == name
        np.testing.assert_array_equal(picture(map_["sheet"], 3), quantile_steps(values)[0][3])
    assert shown["share"] == 4 / 64


def test_map_that_no_table_has_is_undefined_on_every_image():
    maps = planted_maps() | {"sobel": planted_maps()["saliency"]}
    shown = shown_novelties(planted(), maps, found(), colormap="gray")
    assert all(np.isnan(row["found"]["sobel"]) for row in shown["rows"])


def test_colour_images_are_shown_in_colour():
    images = planted(channels=3)
    shown = shown_novelties(images, planted_maps(), found(), colormap="gray")
    expected = images.after[4].transpose(1, 2, 0)
    np.testing.assert_array_equal(picture(shown["sheets"]["after"], 4), expected)
