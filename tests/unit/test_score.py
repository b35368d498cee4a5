"""New images: their scores, p-values, thresholds and pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from stages.lib import novelty
from stages.lib.errors import InputError
from stages.lib.new_images import find_images, read_images
from stages.lib.overlays import overlay

SCORES = hnp.arrays(np.float64, st.integers(1, 20), elements=st.integers(0, 5).map(float))


@given(SCORES, SCORES)
def test_p_value_counts_the_normal_images_that_score_at_least_as_high(scores, normal):
    found = novelty.p_values(scores, normal)
    for score, p in zip(scores, found, strict=True):
        assert p == (1 + sum(other >= score for other in normal)) / (1 + len(normal))


def test_p_values_of_normal_images_are_valid():
    generator = np.random.default_rng(0)
    below = [
        (novelty.p_values(generator.gamma(2, size=50), generator.gamma(2, size=99)) <= 0.1).mean()
        for _ in range(400)
    ]
    assert np.mean(below) == pytest.approx(0.1, abs=0.01)


@given(
    hnp.arrays(np.float32, (3, 4, 4), elements=st.integers(0, 6).map(float)),
    st.floats(0.01, 0.99),
)
def test_threshold_is_the_lowest_that_keeps_the_rate(maps, rate):
    threshold = novelty.pixel_threshold(maps, false_positive_rate=rate)
    assert (maps > threshold).mean() <= rate + 1e-9
    lower = maps[maps < threshold]
    if lower.size:
        assert (maps > lower.max()).mean() > rate


def picture(mask=None, map_=None, image=None):
    image = np.full((1, 8, 8), 100, np.uint8) if image is None else image
    map_ = np.zeros((8, 8)) if map_ is None else map_
    mask = np.zeros((8, 8), bool) if mask is None else mask
    return overlay(image, map_, mask, highest=2.0)


def test_image_shows_through_where_the_map_is_zero():
    found = picture()
    assert found.shape == (256, 256, 3)
    assert (found == 100).all()


def test_high_value_has_its_own_colour_and_more_than_the_highest_no_other():
    map_ = np.zeros((8, 8))
    map_[2, 3], map_[5, 5] = 2.0, 9.0
    found = picture(map_=map_)[16::32, 16::32]
    assert (found[2, 3] != 100).any()
    np.testing.assert_array_equal(found[2, 3], found[5, 5])
    assert (found[0, 0] == 100).all()


def test_outline_surrounds_the_mask_from_inside():
    mask = np.zeros((8, 8), bool)
    mask[2:5, 3:6] = True
    found = (picture(mask) == (0, 255, 255)).all(axis=2)
    inside = np.kron(mask, np.ones((32, 32), bool))
    assert not (found & ~inside).any()
    assert found[64:160, 96].all()
    assert not found[65:159, 97:191].any()


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def test_files_and_folders_are_found_in_order_and_named(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    inner = save(tmp_path / "folder/sub/b.png", pixels)
    first = save(tmp_path / "folder/a.bmp", pixels)
    (tmp_path / "folder/notes.txt").write_text("no image")
    alone = save(tmp_path / "c.jpg", pixels)
    assert find_images([alone, tmp_path / "folder"]) == {"c": alone, "a": first, "sub/b": inner}


def test_images_that_cannot_be_told_apart_or_found_are_errors(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    first, second = save(tmp_path / "a/x.png", pixels), save(tmp_path / "b/x.bmp", pixels)
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
        save(tmp_path / "grey.png", np.full((8, 8), 50, np.uint8)),
        save(tmp_path / "color.png", color),
    ]
    found = read_images(files, (channels, 8, 8))
    assert found.shape == (2, channels, 8, 8)
    assert (found[0] == 50).all()
    expected = [200 * 0.587] if channels == 1 else [0, 200, 0]
    np.testing.assert_allclose(found[1].mean(axis=(1, 2)), expected, atol=0.5)
