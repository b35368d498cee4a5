"""Sheets hold every picture where the page looks for it; steps of a map are those of quantiles."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from novelty_maps.page.sprites import (
    STEPS,
    coarse,
    eight_bit,
    fitting_side,
    palette,
    quantile_steps,
    reduced,
    sheet,
)


def picture(found, place):
    """What lies in the sheet where the docstring says."""
    data = base64.b64decode(found["uri"].removeprefix("data:image/png;base64,"))
    image = Image.open(io.BytesIO(data))
    pixels = np.asarray(image.convert("RGB") if image.mode == "P" else image)
    side = found["side"]
    top, left = place // found["columns"] * side, place % found["columns"] * side
    return pixels[top : top + side, left : left + side]


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 7, 12])
@pytest.mark.parametrize("rest", [(), (3,)])
def test_every_picture_is_in_its_place(count, rest):
    pictures = np.random.default_rng(0).integers(0, 256, (count, 6, 6, *rest), dtype=np.uint8)
    found = sheet(pictures)
    for place in range(count):
        np.testing.assert_array_equal(picture(found, place), pictures[place])


def test_colour_map_colours_what_has_one_channel():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 5, 5), dtype=np.uint8)
    found = sheet(pictures, colormap="inferno")
    np.testing.assert_array_equal(picture(found, 2), palette("inferno")[pictures[2]])


@pytest.mark.parametrize(
    ("count", "side", "pixels", "expected"),
    [(10, 28, 10**6, 28), (100, 128, 10**6, 100), (10**6, 128, 10**6, 32), (0, 28, 1000, 28)],
)
def test_side_fits_the_pixels_and_is_never_larger(count, side, pixels, expected):
    assert fitting_side(count, side, pixels=pixels) == expected


@pytest.mark.parametrize("rest", [(), (3,)])
def test_reduced_images_are_means_of_areas(rest):
    images = np.random.default_rng(0).random((2, 8, 8, *rest))
    means = images.reshape(2, 4, 2, 4, 2, *rest).mean(axis=(2, 4))
    np.testing.assert_allclose(reduced(images, 4), means, atol=1e-6)
    np.testing.assert_array_equal(reduced(images, 8), images.astype(np.float32))


def test_undefined_is_black_and_what_is_beyond_is_cut():
    assert eight_bit(np.array([np.nan, -1, 0, 0.5, 1, 2])).tolist() == [0, 0, 0, 128, 255, 255]


def test_coarse_pictures_keep_their_ends_and_order():
    found = coarse(np.arange(256, dtype=np.uint8)).astype(int)
    assert (found[0], found[-1], len(set(found))) == (0, 255, STEPS)
    assert (np.diff(found) >= 0).all()
    assert abs(found - np.arange(256)).max() < 256 // STEPS


def test_step_marks_the_share_of_pixels_that_it_says():
    maps = np.random.default_rng(0).random((5, 20, 20)) ** 3
    steps, values = quantile_steps(maps)
    for step in range(STEPS):
        share = (1 - step / STEPS) ** 2
        assert (steps >= step).mean() == pytest.approx(share, abs=1 / maps.size)
        np.testing.assert_array_equal(steps >= step, maps >= values[step])


def test_steps_are_those_of_every_rising_function_of_the_map():
    maps = np.random.default_rng(0).random((3, 16, 16))
    np.testing.assert_array_equal(quantile_steps(maps)[0], quantile_steps(np.exp(maps))[0])


def test_map_of_one_value_has_one_step():
    steps, values = quantile_steps(np.full((2, 4, 4), 0.25))
    assert len(np.unique(steps)) == 1
    assert values[steps[0, 0, 0]] == 0.25
