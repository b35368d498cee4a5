"""Images with a novelty on the page: rows, masks and steps of the maps."""

import numpy as np
import pandas as pd
import pytest
from oracles.small_page import METHODS, found, planted, planted_maps
from page.test_sprites import picture

from novelty_maps.page import novelties
from novelty_maps.page.novelties import shown_novelties
from novelty_maps.page.sprites import quantile_steps
from novelty_maps.planting.planted import Planted


@pytest.fixture(scope="module")
def shown():
    return shown_novelties(planted(), planted_maps(), found(), colormap="gray", seed=0)


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
    shown = shown_novelties(planted(), maps, found(), colormap="gray", seed=0)
    assert all(np.isnan(row["found"]["sobel"]) for row in shown["rows"])


def test_colour_images_are_shown_in_colour():
    images = planted(channels=3)
    shown = shown_novelties(images, planted_maps(), found(), colormap="gray", seed=0)
    expected = images.after[4].transpose(1, 2, 0)
    np.testing.assert_array_equal(picture(shown["sheets"]["after"], 4), expected)


def test_of_many_novelties_some_are_drawn_by_seed_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(novelties, "NOVELTIES", 4)
    images, maps, table = planted(), planted_maps(), found().set_index(["row", "method"])
    chosen = set()
    for seed in range(20):
        shown = shown_novelties(images, maps, found(), colormap="gray", seed=seed)
        assert shown["total"] == 6
        rows = [row["row"] for row in shown["rows"]]
        chosen.add(tuple(rows))
        assert rows == sorted(set(rows))
        assert len(rows) == 4
        steps = quantile_steps(maps["saliency"][rows])[0]
        for place, row in enumerate(rows):
            after = picture(shown["sheets"]["after"], place)
            np.testing.assert_array_equal(after, images.after[row, 0])
            mask = picture(shown["sheets"]["mask"], place) > 127
            np.testing.assert_array_equal(mask, images.mask[row])
            np.testing.assert_array_equal(picture(shown["maps"][1]["sheet"], place), steps[place])
            precision = shown["rows"][place]["found"]["saliency"]
            assert precision == table["average_precision"][row, "saliency"]
    assert len(chosen) > 1


def test_file_is_bounded_however_many_novelties_there_are():
    count, side = 3000, 8
    table = pd.DataFrame({"row": range(count), "kind": "square", "size": 0.2, "intensity": 1.0})
    before = np.zeros((count, 1, side, side), np.uint8)
    many = Planted(before, before, before[:, 0] > 0, table)
    maps = dict.fromkeys(METHODS, np.zeros((count, side, side), np.float32))
    shown = shown_novelties(many, maps, found(), colormap="gray", seed=0)
    assert len(shown["rows"]) == novelties.NOVELTIES < 1000
    assert shown["total"] == count


def test_maps_are_shown_without_their_sign():
    maps = {"saliency": planted_maps()["saliency"]}
    signed = {"saliency": -maps["saliency"]}
    expected, shown = (
        shown_novelties(planted(), values, found(), colormap="gray", seed=0)
        for values in (maps, signed)
    )
    np.testing.assert_equal(shown, expected)
