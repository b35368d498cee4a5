"""Images of any proportions become squares, and their masks with them."""

import numpy as np
import pytest
from oracles.image_folders import pixels_of
from scipy.ndimage import binary_dilation

from novelty_maps.images.fit import box_of, boxes_of_sizes, fit_image, fit_mask
from novelty_maps.images.resize import resize

SIZES = [(8, 8), (20, 6), (6, 20), (5, 40), (3, 7), (9, 1)]


def image(height: int, width: int) -> np.ndarray:
    return pixels_of(0, 3, height, width)


@pytest.mark.parametrize("size", SIZES)
def test_stretched_both_sides_are_brought_to_the_size(size):
    expected = resize(image(*size)[None], (8, 8))[0]
    np.testing.assert_array_equal(fit_image(image(*size), 8, "stretch"), expected)


@pytest.mark.parametrize("size", SIZES)
def test_padded_the_box_holds_the_whole_image_in_its_proportions(size):
    top, left, bottom, right = box_of(size, 8, "pad")
    height, width = bottom - top, right - left
    assert max(height, width) == 8
    assert min(height, width) == max(1, round(8 * min(size) / max(size)))
    assert (size[0] > size[1]) == (height > width)
    assert 0 <= (8 - bottom) - top <= 1  # in the middle
    assert 0 <= (8 - right) - left <= 1
    fitted = fit_image(image(*size), 8, "pad")
    expected = resize(image(*size)[None], (height, width))[0]
    np.testing.assert_array_equal(fitted[:, top:bottom, left:right], expected)


def test_padding_is_the_nearest_pixel_of_the_image():
    fitted = fit_image(image(8, 3), 8, "pad")
    _, left, _, right = box_of((8, 3), 8, "pad")
    for column in range(8):
        nearest = min(max(column, left), right - 1)
        np.testing.assert_array_equal(fitted[:, :, column], fitted[:, :, nearest])


@pytest.mark.parametrize("size", SIZES)
def test_cropped_is_the_middle_square_and_as_large_as_it_can_be(size):
    side, (height, width) = min(size), size
    top, left = (height - side) // 2, (width - side) // 2
    middle = image(*size)[:, top : top + side, left : left + side]
    expected = resize(middle[None].copy(), (8, 8))[0]
    np.testing.assert_array_equal(fit_image(image(*size), 8, "crop"), expected)


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_square_image_is_the_same_however_it_is_fitted(fit):
    np.testing.assert_array_equal(fit_image(image(8, 8), 8, fit), image(8, 8))
    assert box_of((12, 12), 8, fit) == (0, 0, 8, 8)


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("size", [(16, 48), (48, 16), (32, 32)])
def test_mask_goes_where_its_image_goes(fit, size):
    mask = np.zeros(size, bool)
    mask[size[0] // 2 - 4 : size[0] // 2 + 4, size[1] // 2 - 4 : size[1] // 2 + 4] = True
    bright = fit_image(np.where(mask, 255, 0).astype(np.uint8)[None], 16, fit)[0] > 127
    fitted = fit_mask(mask, 16, fit)
    assert (fitted >= bright).all()
    assert (fitted <= binary_dilation(bright)).all()


@pytest.mark.parametrize("size", [(16, 48), (48, 16)])
def test_mask_has_nothing_in_padding(size):
    top, left, bottom, right = box_of(size, 16, "pad")
    expected = np.zeros((16, 16), bool)
    expected[top:bottom, left:right] = True
    np.testing.assert_array_equal(fit_mask(np.ones(size, bool), 16, "pad"), expected)


def test_there_are_boxes_only_where_something_is_padded():
    assert boxes_of_sizes([(4, 4), (9, 9)], 8, "pad") is None
    assert boxes_of_sizes([(4, 4), (9, 3)], 8, "crop") is None
    assert boxes_of_sizes([(4, 4), (9, 3)], 8, "stretch") is None
    found = boxes_of_sizes([(4, 4), (9, 3)], 8, "pad")
    assert found.tolist() == [[0, 0, 8, 8], [0, 2, 8, 5]]
