"""Where an image is novel, by the file of its mask."""

from pathlib import Path

import numpy as np
import pytest
from oracles.image_folders import SIZE, defect, exif_of, pixels_of, save
from PIL import Image

from novelty_maps.images.masks import Mask, read_mask
from novelty_maps.images.picture import Picture
from novelty_maps.pipeline.errors import InputError

IMAGE = Path("test/broken/001.png")
SHAPE = defect(1, 2)
BLANK = np.zeros((SIZE, SIZE), np.uint8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "001_mask.png"


def picture(height: int = SIZE, width: int = SIZE, *, orientation: int = 1) -> Picture:
    """An image as it is after its orientation was applied."""
    return Picture(np.zeros((1, height, width), np.uint8), None, orientation, lossy=False)


def read(file: Path, of: Picture | None = None) -> Mask:
    return read_mask(file, image=IMAGE, picture=of or picture())


def message(file: Path, of: Picture | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(file, of)
    return str(caught.value)


def columns(*levels: int) -> np.ndarray:
    """A mask with a level in each column, the rest 0."""
    mask = BLANK.copy()
    mask[:, : len(levels)] = levels
    return mask


@pytest.mark.parametrize("levels", [(255,), (128,), (200, 255), (128, 254, 255), (255, 0, 255)])
def test_pixel_is_novel_above_half_of_white_in_some_channel(file, levels):
    grey = columns(*levels)
    save(file, grey)
    found = read(file).novel
    np.testing.assert_array_equal(found, grey > 0)
    assert found.dtype == np.bool_
    for channel in range(3):
        colour = np.zeros((SIZE, SIZE, 3), np.uint8)
        colour[..., channel] = grey
        save(file, colour)
        np.testing.assert_array_equal(read(file).novel, grey > 0)


def test_background_may_be_dark_grey_throughout(file):
    save(file, np.where(SHAPE > 0, 200, 50).astype(np.uint8))
    np.testing.assert_array_equal(read(file).novel, SHAPE > 0)


@pytest.mark.parametrize(
    ("levels", "named"),
    [
        ((100, 200), "the levels 0, 100, 200,"),
        ((1, 255), "the levels 0, 1, 255,"),
        ((127, 128), "the levels 0, 127, 128,"),
        ((1, 2, 3, 4, 128, 129, 130), "the levels 0, 1, 2, 3, 4, 128, 129, 130,"),
        ((1, 2, 3, 4, 5, 128, 129, 255), "the levels 1, 2, 3, 4, 5, 128, 129, 255,"),
        (range(20, 180, 20), "the levels 20, 40, 60, 80, 100, 120, 140, 160,"),
    ],
)
def test_levels_on_both_sides_of_half_are_named(file, levels, named):
    save(file, columns(*levels))
    found = message(file)
    assert f"{file} has {named}" in found
    assert "make what is novel white (255) and everything else black (0)" in found
    colour = np.zeros((SIZE, SIZE, 3), np.uint8)
    colour[..., 1] = columns(*levels)
    save(file, colour)
    assert named in message(file)


@pytest.mark.parametrize("levels", [(1,), (0, 3), (1, 2, 3), (127,)])
def test_levels_that_are_all_low_are_labels_of_what_is_novel(file, levels):
    labels = columns(*levels)
    save(file, labels)
    np.testing.assert_array_equal(read(file).novel, labels > 0)


def test_low_levels_that_losses_made_are_no_labels(file):
    large = np.zeros((64, 64), np.uint8)
    large[20:40, 10:30] = 60
    Image.fromarray(large).save(file, "JPEG")
    assert "no value in it is above 127" in message(file, picture(64, 64))


def test_a_long_list_of_levels_is_shortened(file):
    save(file, np.arange(0, 256, 4, np.uint8).reshape(SIZE, SIZE))
    assert "the levels 0, 4, 8, 12, …, 252 (64 in all)" in message(file)


@pytest.mark.parametrize(
    "labels", [columns(100, 200).astype(np.uint16) * 257, (columns(100, 200) / 255).astype("f4")]
)
def test_levels_of_other_kinds_are_named_as_of_8_bits(file, labels):
    Image.fromarray(labels).save(file, "PNG" if labels.dtype == np.uint16 else "TIFF")
    assert "the levels 0, 100, 200," in message(file)


def test_levels_that_losses_made_are_no_labels(file):
    large = np.zeros((64, 64), np.uint8)
    large[20:40, 10:30] = 255
    Image.fromarray(large).save(file, "JPEG")
    assert len(np.unique(np.asarray(Image.open(file)))) > 2
    np.testing.assert_array_equal(read(file, picture(64, 64)).novel, large > 0)


def rgba(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.dstack([np.broadcast_to(colour, (SIZE, SIZE, 3)), alpha])


WHITE = np.full((SIZE, SIZE, 3), 255, np.uint8)
GREY_SHAPE = np.repeat(SHAPE[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("colour", "alpha"),
    [
        (WHITE, SHAPE),
        (WHITE, np.where(SHAPE > 0, 200, 0).astype(np.uint8)),
        (np.array([255, 0, 0], np.uint8), SHAPE),
        (GREY_SHAPE, SHAPE),
        (GREY_SHAPE, BLANK),
        (GREY_SHAPE, BLANK + 255),
        (GREY_SHAPE, BLANK + 100),
        (GREY_SHAPE, np.where(pixels_of(0, SIZE, SIZE) > 127, 255, SHAPE)),
    ],
    ids=[
        "white",
        "rather opaque",
        "red",
        "the same",
        "transparent throughout",
        "opaque throughout",
        "alike throughout",
        "beside it",
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_shape_in_alpha_is_taken(file, colour, alpha, kind):
    Image.fromarray(rgba(colour, alpha)).save(file, kind)
    np.testing.assert_array_equal(read(file).novel, SHAPE > 0)


@pytest.mark.parametrize("mode", ["LA", "1", "P", "RGB"])
def test_shape_in_transparency_of_other_modes_is_taken(file, mode):
    if mode == "LA":
        Image.fromarray(rgba(WHITE, SHAPE)).convert("LA").save(file)
    elif mode == "P":  # two colours, both white
        image = Image.fromarray((SHAPE > 0).astype(np.uint8)).convert("P")
        image.putpalette([255] * 6)
        image.save(file, transparency=b"\0\xff")
    else:  # black on what is white and transparent, which is no mask
        white = (255, 255, 255) if mode == "RGB" else 255
        Image.fromarray(255 - GREY_SHAPE).convert(mode).save(file, transparency=white)
        assert f"{file} marks nothing" in message(file)
        return
    np.testing.assert_array_equal(read(file).novel, SHAPE > 0)


def test_labels_in_alpha_are_named(file):
    save(file, rgba(WHITE, columns(100, 200)))
    assert "the levels 0, 100, 200," in message(file)


@pytest.mark.parametrize("colour", [0, 100])
def test_dark_shape_in_alpha_is_no_mask(file, colour):
    save(file, rgba(np.full(3, colour, np.uint8), SHAPE))
    assert f"{file} marks nothing in {IMAGE}" in message(file)


def test_mask_of_another_size_than_its_image_is_named_with_both_sizes(file):
    save(file, np.full((SIZE, 9), 255, np.uint8))
    found = message(file)
    assert f"{file} has 8×9 pixels" in found
    assert f"{IMAGE} has 8×8:" in found
    assert "make the mask as large as the image" in found


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_mask_of_the_image_as_it_is_stored_is_told_from_that_of_the_turned_one(file, orientation):
    image = picture(9, SIZE, orientation=orientation)
    save(file, SHAPE.repeat(2, axis=1)[:, :9])
    found = message(file, image)
    assert f"{file} has 8×9 pixels, but its image {IMAGE} has 9×8, turned as its EXIF says" in found
    assert "turn the mask too, or remove the orientation" in found
    save(file, SHAPE.repeat(2, axis=0)[:9])
    assert not read(file, image).may_be_turned


@pytest.mark.parametrize("orientation", range(2, 9))
def test_mask_that_fits_its_image_as_it_is_stored_too_may_be_turned(file, orientation):
    save(file, SHAPE)
    assert read(file, picture(orientation=orientation)).may_be_turned
    assert not read(file, picture()).may_be_turned
    save(file, SHAPE, exif=exif_of(orientation))
    assert not read(file, picture(orientation=orientation)).may_be_turned


def test_mask_is_turned_as_its_own_orientation_says(file):
    save(file, SHAPE, exif=exif_of(6))
    np.testing.assert_array_equal(read(file).novel, np.rot90(SHAPE > 0, -1))


@pytest.mark.parametrize("value", [0, 1, 127])
def test_mask_that_marks_nothing_is_named_with_its_image(file, value):
    save(file, np.full((SIZE, SIZE), value, np.uint8))
    found = message(file)
    assert f"{file} marks nothing in {IMAGE}" in found
    assert "no value in it is above 127" in found


@pytest.mark.parametrize("values", [255, 128, pixels_of(0, SIZE, SIZE) // 2 + 128])
def test_mask_that_marks_everything_is_named_with_its_image(file, values):
    save(file, np.broadcast_to(np.asarray(values, np.uint8), (SIZE, SIZE)))
    found = message(file)
    assert f"{file} marks all of {IMAGE}" in found
    assert "every value in it is above 127" in found


def test_damaged_mask_is_named(file):
    save(file)
    file.write_bytes(file.read_bytes()[:40])
    assert f"{file} cannot be read as an image" in message(file)
