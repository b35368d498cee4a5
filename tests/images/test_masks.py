"""Where an image is novel, by the file of its mask."""

from pathlib import Path

import numpy as np
import pytest
from oracles.image_folders import SIZE, save

from novelty_maps.images.masks import read_mask
from novelty_maps.pipeline.errors import InputError

IMAGE = Path("test/broken/001.png")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "001_mask.png"


def read(file: Path) -> np.ndarray:
    return read_mask(file, image=IMAGE, size=(SIZE, SIZE))[0]


def message(file: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(file)
    return str(caught.value)


def test_pixel_is_novel_above_half_of_white_in_some_channel(file):
    grey = np.array([[0, 1, 127, 128, 200, 254, 255, 0]] * SIZE, np.uint8)
    save(file, grey)
    found = read(file)
    np.testing.assert_array_equal(found, grey > 127)
    assert found.dtype == np.bool_
    for channel in range(3):
        colour = np.zeros((SIZE, SIZE, 3), np.uint8)
        colour[..., channel] = grey
        save(file, colour)
        np.testing.assert_array_equal(read(file), grey > 127)


def test_mask_of_another_size_than_its_image_is_named_with_both_sizes(file):
    save(file, np.full((SIZE, 9), 255, np.uint8))
    found = message(file)
    assert f"{file} has 8×9 pixels" in found
    assert f"{IMAGE} has 8×8" in found


@pytest.mark.parametrize("value", [0, 1, 127])
def test_mask_that_marks_nothing_is_named_with_its_image(file, value):
    save(file, np.full((SIZE, SIZE), value, np.uint8))
    found = message(file)
    assert f"{file} marks nothing in {IMAGE}" in found
    assert "above 127" in found


def test_damaged_mask_is_named(file):
    save(file)
    file.write_bytes(file.read_bytes()[:40])
    assert f"{file} cannot be read as an image" in message(file)
