"""A map laid over its image: what shows through, and where the mask is outlined."""

import numpy as np
import pytest
from matplotlib import colormaps

from novelty_maps.figures.overlay import overlay

OUTLINE = (0, 255, 255)


def picture(mask=None, map_=None, image=None, *, highest=2.0, **settings):
    image = np.full((1, 8, 8), 100, np.uint8) if image is None else image
    map_ = np.zeros((8, 8)) if map_ is None else map_
    mask = np.zeros((8, 8), bool) if mask is None else mask
    return overlay(image, map_, mask, highest=highest, **settings)


def outlined(found):
    return (found == OUTLINE).all(axis=2)


def test_image_shows_through_where_the_map_is_zero():
    found = picture()
    assert found.shape == (256, 256, 3)
    assert found.dtype == np.uint8
    assert (found == 100).all()


def test_colours_are_grey_where_the_image_has_several_channels():
    image = np.zeros((3, 8, 8), np.uint8)
    image[0] = 150
    assert (picture(image=image) == 50).all()


def test_high_value_has_its_own_colour_and_more_than_the_highest_no_other():
    map_ = np.zeros((8, 8))
    map_[2, 3], map_[5, 5] = 2.0, 9.0
    found = picture(map_=map_)[16::32, 16::32]
    assert (found[2, 3] != 100).any()
    np.testing.assert_array_equal(found[2, 3], found[5, 5])
    assert (found[0, 0] == 100).all()


@pytest.mark.parametrize(("value", "opacity"), [(2.0, 0.75), (0.5, 0.375), (0.02, 0.075)])
@pytest.mark.parametrize("colormap", ["inferno", "viridis"])
def test_colour_covers_the_image_by_the_root_of_the_value(value, opacity, colormap):
    map_ = np.full((8, 8), value)
    color = 255 * np.array(colormaps[colormap](value / 2)[:3])
    expected = (1 - opacity) * 100 + opacity * color
    found = picture(map_=map_, colormap=colormap)
    np.testing.assert_allclose(found[0, 0], expected, atol=0.5 + 1e-9)
    assert (found == found[0, 0]).all()


def test_map_without_a_highest_value_leaves_the_image():
    assert (picture(map_=np.zeros((8, 8)), highest=0.0) == 100).all()


@pytest.mark.parametrize(("shape", "size"), [((8, 4), (256, 128)), ((100, 90), (300, 270))])
def test_picture_is_enlarged_by_a_whole_number(shape, size):
    image = np.arange(np.prod(shape)).reshape(1, *shape) % 200
    found = picture(np.zeros(shape, bool), np.zeros(shape), image.astype(np.uint8))
    assert found.shape == (*size, 3)
    factor = size[0] // shape[0]
    expected = np.kron(image[0], np.ones((factor, factor), int))
    np.testing.assert_array_equal(found, np.repeat(expected[..., None], 3, axis=2))


def test_outline_surrounds_the_mask_from_inside():
    mask = np.zeros((8, 8), bool)
    mask[2:5, 3:6] = True
    found = outlined(picture(mask))
    inside = np.kron(mask, np.ones((32, 32), bool))
    assert not (found & ~inside).any()
    assert found[64:160, 96].all()
    assert not found[65:159, 97:191].any()


@pytest.mark.parametrize("seed", range(5))
def test_outline_is_where_a_neighbour_of_four_is_outside(seed):
    mask = np.random.default_rng(seed).random((256, 256)) < 0.2 + 0.15 * seed
    padded = np.pad(mask, 1)
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    expected = mask & ~np.logical_and.reduce(neighbours)
    grey = np.full((1, 256, 256), 100, np.uint8)
    np.testing.assert_array_equal(outlined(picture(mask, np.zeros(mask.shape), grey)), expected)


def test_mask_of_the_whole_image_is_outlined_at_its_edges():
    found = outlined(picture(np.ones((8, 8), bool)))
    assert found[[0, -1]].all()
    assert found[:, [0, -1]].all()
    assert not found[1:-1, 1:-1].any()
