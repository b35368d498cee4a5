"""Orientations, and values of any kind as bytes."""

import numpy as np
import pytest
from oracles.image_folders import exif_of, pixels_of
from PIL import Image, ImageOps

from novelty_maps.images.picture import (
    Picture,
    exif_orientation,
    from_pillow,
    known_orientation,
    to_bytes,
    turned,
)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_is_turned_as_pillow_turns_it(orientation):
    colours, alpha = pixels_of(0, 4, 6, 3), pixels_of(1, 4, 6)
    image = Image.fromarray(colours)
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    found = turned(Picture(colours.transpose(2, 0, 1), alpha, orientation, lossy=False))
    np.testing.assert_array_equal(found.pixels, expected.transpose(2, 0, 1))
    assert found.pixels.flags.c_contiguous
    image = Image.fromarray(alpha)
    image.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(found.alpha, ImageOps.exif_transpose(image))


def test_picture_without_alpha_is_turned_too():
    grey = pixels_of(0, 1, 4, 6)
    found = turned(Picture(grey, None, 3, lossy=False))
    np.testing.assert_array_equal(found.pixels, grey[:, ::-1, ::-1])
    assert found.alpha is None


@pytest.mark.parametrize("value", [None, 0, 9, -1, "6", (6,), b"\6", 6.5])
def test_unknown_orientation_is_none(value):
    assert known_orientation(value) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_found_in_exif(orientation):
    assert exif_orientation(exif_of(orientation)) == orientation
    assert exif_orientation(exif_of(orientation).removeprefix(b"Exif\0\0")) == orientation


@pytest.mark.parametrize("exif", [None, b"", b"Exif\0\0", b"no header", exif_of(6)[:11]])
def test_exif_that_cannot_be_read_turns_nothing(exif):
    assert exif_orientation(exif) == 1


def test_values_are_scaled_from_white():
    assert to_bytes(np.array([0, 128, 129, 65535], np.uint16), 65535).tolist() == [0, 0, 1, 255]
    assert to_bytes(np.array([0, 8, 9, 4095], np.uint16), 4095).tolist() == [0, 0, 1, 255]
    assert to_bytes(np.array([0, 7, 255], np.uint8), 255).tolist() == [0, 7, 255]
    for kind in (np.float16, np.float32, np.float64):
        found = to_bytes(np.array([0, 0.2, 0.6, 1], kind), 1)
        assert found.tolist() == [0, 51, 153, 255]
        assert found.dtype == np.uint8


@pytest.mark.parametrize("mode", ["LA", "La", "RGBA", "RGBa"])
def test_alpha_is_there_when_it_is_asked_for(mode):
    colours = np.zeros((2, 3, 4), np.uint8)
    colours[0] = 255
    image = Image.fromarray(colours)
    image = image.convert("LA").convert(mode) if mode == "La" else image.convert(mode)
    pixels, alpha = from_pillow(image, alpha=True)
    assert pixels[:, 0].min() == 255
    np.testing.assert_array_equal(alpha, colours[..., 3])
    again, nothing = from_pillow(image, alpha=False)
    np.testing.assert_array_equal(again, pixels)
    assert nothing is None


def test_image_without_alpha_has_none():
    for mode in ("1", "L", "RGB", "P", "F"):
        assert from_pillow(Image.new(mode, (2, 2)), alpha=True)[1] is None
