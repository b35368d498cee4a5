"""New images: found, named, and brought to the shape of the network."""

import numpy as np
import pytest
from oracles.image_folders import pixels_of, save
from PIL import Image

from novelty_maps.images.new import find_images, read_images
from novelty_maps.pipeline.errors import InputError


def saved(path, pixels):
    save(path, pixels)
    return path


def test_files_and_folders_are_found_in_order_and_named(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    inner = saved(tmp_path / "folder/sub/b.png", pixels)
    first = saved(tmp_path / "folder/a.bmp", pixels)
    (tmp_path / "folder/notes.txt").write_text("no image")
    alone = saved(tmp_path / "c.jpg", pixels)
    assert find_images([alone, tmp_path / "folder"]) == {"c": alone, "a": first, "sub/b": inner}


def test_images_that_cannot_be_told_apart_or_found_are_errors(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    first, second = saved(tmp_path / "a/x.png", pixels), saved(tmp_path / "b/x.bmp", pixels)
    with pytest.raises(InputError, match=r"results of the same name \(x\)"):
        find_images([first, second])
    with pytest.raises(InputError, match="nothing does not exist"):
        find_images([tmp_path / "nothing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds no images"):
        find_images([tmp_path / "empty"])


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_brought_to_the_shape_of_the_network(tmp_path, channels):
    color = np.zeros((20, 12, 3), np.uint8)
    color[..., 1] = 200
    files = [
        saved(tmp_path / "grey.png", np.full((8, 8), 50, np.uint8)),
        saved(tmp_path / "color.png", color),
    ]
    found = read_images(files, (channels, 8, 8))
    assert found.shape == (2, channels, 8, 8)
    assert (found[0] == 50).all()
    expected = [200 * 0.587] if channels == 1 else [0, 200, 0]
    np.testing.assert_allclose(found[1].mean(axis=(1, 2)), expected, atol=0.5)


def test_grey_of_colour_is_pillows_within_one_level(tmp_path):
    colours = save(tmp_path / "a.png", pixels_of(0, 64, 64, 3))
    found = read_images([tmp_path / "a.png"], (1, 64, 64))[0, 0].astype(int)
    difference = found - np.asarray(Image.fromarray(colours).convert("L"))
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 0.01
