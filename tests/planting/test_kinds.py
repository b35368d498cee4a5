"""Kinds of novelty: what each one changes, and where."""

import numpy as np
import pytest
from oracles.planted_digits import NORMAL, full_change
from scipy import ndimage

from novelty_maps.planting.kinds import KINDS, background

ON_CONTENT = ["erased_stroke", "swelling", "rotated_patch", "shuffled_patch"]
IN_A_DISC = ["erased_stroke", "swelling", "rotated_patch", "disk", "stripe", "zigzag"]


def extent(marked):
    """Rows and columns from the first to the last marked pixel."""
    return tuple(np.ptp(places) + 1 for places in np.nonzero(marked))


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_lies_in_a_square_of_the_size_and_in_the_range(kind):
    for row, size in enumerate([*range(2, 9), *range(2, 9), 15, 24]):
        image, full = full_change(kind, row, size=size)
        assert full.min() >= 0
        assert full.max() <= 255 + 1e-9
        changed = (image != full).any(axis=0)
        if changed.any():
            assert max(extent(changed)) <= size


@pytest.mark.parametrize("kind", IN_A_DISC)
@pytest.mark.parametrize("size", [7, 12])
def test_round_kinds_lie_within_a_disc(kind, size):
    for row in range(10):
        image, full = full_change(kind, row, size=size)
        places = np.argwhere((image != full).any(axis=0))
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        assert apart.max(initial=0) <= size


@pytest.mark.parametrize("size", [2, 3, 4, 15, 24])
def test_disk_has_the_pixels_whose_centre_is_within_half_the_diameter(size):
    black = np.zeros((1, 1, 32, 32), np.uint8)
    image, full = full_change("disk", 0, size=size, images=black)
    changed = (image != full)[0]
    assert (full[0][changed] == 255).all()
    assert extent(changed) == (size, size)
    offset = range(1 - size, size, 2)  # in half pixels
    assert changed.sum() == sum(y**2 + x**2 <= size**2 for y in offset for x in offset)


@pytest.mark.parametrize("kind", ["disk", "square", "stripe", "dotted_line", "zigzag"])
@pytest.mark.parametrize(("level", "drawn"), [(90, 255), (127, 255), (128, 0), (160, 0)])
def test_drawn_kinds_are_black_or_white_whichever_differs_more(kind, level, drawn):
    uniform = np.full((1, 3, 32, 32), level, np.uint8)
    image, full = full_change(kind, 0, images=uniform)
    assert set(full[image != full]) == {drawn}


def test_stripe_is_straight_and_thin_and_the_dotted_line_has_gaps():
    black = np.zeros((20, 1, 40, 40), np.uint8)
    for row in range(20):
        for kind, thickest in (("stripe", 1.5), ("dotted_line", 1.5), ("zigzag", 3.5)):
            image, full = full_change(kind, row, size=20, images=black)
            places = np.argwhere((image != full)[0])
            spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
            across, along = np.sort(spread / np.sqrt(len(places)))
            assert across < thickest
            assert along > 4
    lengths = {
        kind: (full_change(kind, 0, size=20, images=black)[1] > 0).sum()
        for kind in ("stripe", "dotted_line", "zigzag")
    }
    assert lengths["dotted_line"] < lengths["stripe"] < lengths["zigzag"]


@pytest.mark.parametrize("kind", ON_CONTENT)
def test_kinds_about_content_change_nothing_where_there_is_none(kind):
    uniform = np.full((1, 1, 32, 32), 70, np.uint8)
    image, full = full_change(kind, 0, images=uniform)
    np.testing.assert_array_equal(image, full)


def test_erasing_removes_content_and_swelling_adds_some():
    for row in range(40):
        for kind, sign in (("erased_stroke", -1), ("swelling", 1)):
            image, full = full_change(kind, row)
            level = background(image)
            change = np.abs(full - level) - np.abs(image - level)
            assert (sign * change >= 0).all()
            assert sign * change.sum() > 0


def test_swelling_of_dark_content_on_a_light_background_is_dark():
    image, full = full_change("swelling", 0, images=255 - NORMAL)
    assert (full <= image).all()
    assert full.mean() < image.mean()


def test_foreign_patch_is_cut_from_a_foreign_image():
    foreign = np.arange(32 * 32, dtype=np.uint16).reshape(1, 1, 32, 32)  # every pixel its own value
    image, full = full_change("foreign_patch", 0, foreign=foreign)
    rows, columns = np.nonzero((image != full)[0])
    source = np.stack(np.divmod(full[0, rows, columns], 32))
    offset = source - [rows, columns]
    assert (offset == offset[:, :1]).all()


def test_second_object_is_a_shrunk_foreign_object_in_front():
    foreign = np.zeros((1, 1, 32, 32), np.uint8)
    foreign[0, 0, 4:20, 10:22] = 200
    black = np.zeros((1, 1, 32, 32), np.uint8)
    image, full = full_change("second_object", 0, size=8, images=black, foreign=foreign)
    assert extent((image != full)[0]) == (8, 6)
    assert full.max() == pytest.approx(200)
    for row in range(10):
        image, full = full_change("second_object", row)
        level = background(image)
        assert (np.abs(full - level) >= np.abs(image - level)).all()


def test_second_object_brings_no_background_along():
    foreign = np.full((1, 1, 32, 32), 50, np.uint8)
    foreign[0, 0, 4:20, 10:22] = 200
    image, full = full_change(
        "second_object", 0, size=8, images=np.zeros((1, 1, 32, 32), np.uint8), foreign=foreign
    )
    assert extent((image != full)[0]) == (8, 6)
    assert full[image != full].min() == pytest.approx(200)


def test_foreign_image_without_an_object_brings_nothing():
    uniform = np.full((1, 1, 32, 32), 90, np.uint8)
    image, full = full_change("second_object", 0, size=8, foreign=uniform)
    np.testing.assert_array_equal(image, full)


@pytest.mark.parametrize(("shade", "shown"), [(50, (8, 1)), (49, (8, 2))])
def test_second_object_ends_where_less_than_a_quarter_of_its_contrast_is_left(shade, shown):
    foreign = np.zeros((1, 1, 32, 32), np.uint8)
    foreign[0, 0, :8, :2] = 200  # at the image's edges, which are not left out
    foreign[0, 0, 8:16, :2] = shade
    black = np.zeros((1, 1, 32, 32), np.uint8)
    image, full = full_change("second_object", 0, size=8, images=black, foreign=foreign)
    assert extent((image != full)[0]) == shown


@pytest.mark.parametrize("kind", ["rotated_patch", "shuffled_patch"])
def test_moved_pixels_keep_their_values(kind):
    for row in range(20):
        for size in (2, 4, 9, 14):
            image, full = full_change(kind, row, size=size)
            np.testing.assert_array_equal(np.sort(image, axis=None), np.sort(full, axis=None))


def test_background_is_the_median_of_every_pixel_of_the_border_once():
    image = np.full((2, 4, 5), 99.0)
    border = np.ones((4, 5), bool)
    border[1:-1, 1:-1] = False
    image[:, border] = [0, 10] * 7  # without any one pixel it would be 0 or 10
    image[1] *= 2
    assert background(image).tolist() == [[[5]], [[10]]]


@pytest.mark.parametrize("size", [4, 5])
def test_the_window_is_around_the_content(size):
    images = np.zeros((1, 1, 32, 32), np.uint8)
    images[0, 0, 10, 20] = 200
    _, full = full_change("erased_stroke", 0, size=size, images=images)
    assert not full.any()


@pytest.mark.parametrize(
    ("size", "numbers", "pixels"),
    [(12, {3, 4}, 5), (28, {4}, 16)],  # a dot of 2 or 4 pixels has an area of 3.1 or 12.6
)
def test_dots_are_a_seventh_of_the_size_and_a_diameter_apart(size, numbers, pixels):
    black = np.zeros((10, 1, 40, 40), np.uint8)
    for row in range(10):
        image, full = full_change("dotted_line", row, size=size, images=black)
        labels, count = ndimage.label((image != full)[0], np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())[1:]
        assert count in numbers
        assert sizes.max() <= pixels
        assert sizes.max() > pixels / 2
