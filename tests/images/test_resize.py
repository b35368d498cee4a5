"""Images keep their values and their orientation, masks every pixel that they touch."""

import numpy as np
import pytest
from oracles.image_folders import SIZE

from novelty_maps.images.resize import resize, resize_mask


@pytest.mark.parametrize("size", [4, 8, 12, 28])
def test_resize_keeps_type_channels_and_constants(size):
    images = np.full((3, 2, 8, 8), 137, np.uint8)
    resized = resize(images, (size, size))
    assert resized.dtype == np.uint8
    assert resized.shape == (3, 2, size, size)
    assert (resized == 137).all()


def test_resize_to_the_same_size_is_the_identity():
    images = np.random.default_rng(0).integers(0, 256, (4, 1, 8, 8), np.uint8)
    np.testing.assert_array_equal(resize(images, (8, 8)), images)


def test_resize_stays_in_the_range_of_bytes_without_wrapping():
    images = np.zeros((1, 1, 8, 8), np.uint8)
    images[..., 4:] = 255
    resized = resize(images, (28, 28))[0, 0].astype(int)
    assert (np.diff(resized, axis=1) >= 0).all()
    assert (resized[:, 0] == 0).all()
    assert (resized[:, -1] == 255).all()


def test_halving_an_image_keeps_its_mean_and_its_orientation():
    images = np.zeros((1, 1, 8, 8), np.uint8)
    images[0, 0, :4, :] = 200
    resized = resize(images, (4, 4))[0, 0].astype(float)
    assert resized.mean() == pytest.approx(100, abs=1)
    assert resized[0].mean() > 190
    assert resized[-1].mean() < 10


def test_resize_of_many_images_is_resize_of_each():
    images = np.random.default_rng(0).integers(0, 256, (1030, 1, 8, 8), np.uint8)
    resized = resize(images, (12, 12))
    for i in (0, 1023, 1024, 1029):
        np.testing.assert_array_equal(resized[i], resize(images[i : i + 1], (12, 12))[0])


def touches(mask: np.ndarray, size: int) -> np.ndarray:
    """Slow `resize_mask`: pixels of size × size whose area a pixel of the mask overlaps."""
    height, width = mask.shape
    resized = np.zeros((size, size), bool)
    for y, x in np.argwhere(mask):
        for i in range(size):
            for j in range(size):
                # Pixel i reaches from i / size to (i + 1) / size, pixel y from y / height.
                rows = max(i * height, y * size) < min((i + 1) * height, (y + 1) * size)
                columns = max(j * width, x * size) < min((j + 1) * width, (x + 1) * size)
                resized[i, j] |= rows and columns
    return resized


@pytest.mark.parametrize("shape", [(8, 8), (20, 20), (31, 17), (5, 40), (3, 5), (16, 24)])
def test_resized_mask_has_every_pixel_that_it_touches(shape):
    mask = np.random.default_rng(0).random(shape) < 0.05
    mask[-1, 0] = True
    np.testing.assert_array_equal(resize_mask(mask, (SIZE, SIZE)), touches(mask, SIZE))
