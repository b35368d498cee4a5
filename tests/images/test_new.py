"""New images: found, named, and brought to the shape of the network."""

from pathlib import Path

import numpy as np
import pytest
from oracles.image_folders import pixels_of, save
from PIL import Image

from novelty_maps.images.new import SCORES, find_images, find_normal, read_images
from novelty_maps.maps.names import SHORT_NAMES
from novelty_maps.pipeline.errors import InputError


def saved(path, pixels):
    save(path, pixels)
    return path


def found(*given, output=Path("scores")):
    return find_images(given, output=output)


def test_files_and_folders_are_found_in_order_and_named(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    inner = saved(tmp_path / "folder/sub/b.png", pixels)
    first = saved(tmp_path / "folder/a.bmp", pixels)
    (tmp_path / "folder/notes.txt").write_text("no image")
    alone = saved(tmp_path / "c.jpg", pixels)
    images = found(alone, tmp_path / "folder")
    assert list(images.items()) == [("c", alone), ("a", first), ("sub/b", inner)]


def test_name_to_which_results_can_add_nothing_is_an_error_before_the_work(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    fits = saved(tmp_path / f"{'é' * 95}.png", pixels)
    assert list(found(fits)) == ["é" * 95]
    longest = f".{fits.stem}.{max(SHORT_NAMES, key=len)}.mask.png.12345678.part"
    (tmp_path / longest).touch()  # as long as results are at most
    with pytest.raises(InputError, match="has a name too long for results"):
        found(saved(tmp_path / f"a{'é' * 95}.png", pixels))


def test_images_that_cannot_be_told_apart_or_found_are_errors(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    first, second = saved(tmp_path / "a/x.png", pixels), saved(tmp_path / "b/x.bmp", pixels)
    with pytest.raises(InputError, match=r"results of the same name \(x\)"):
        found(first, second)
    with pytest.raises(InputError, match="nothing does not exist"):
        found(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds no images"):
        found(tmp_path / "empty")


def test_normal_images_may_have_the_same_name_and_results_are_none_of_them(tmp_path):
    pixels = np.zeros((8, 8), np.uint8)
    names = ["a/x.bmp", "a/x.png", "b/x.png"]
    expected = [saved(tmp_path / name, pixels) for name in names]
    saved(tmp_path / "scores/x.png", pixels)
    assert find_normal(tmp_path, output=tmp_path / "scores") == expected
    for bad, said in (("a/x.png", "is no folder"), ("scores", "give another --output")):
        with pytest.raises(InputError, match=said):
            find_normal(tmp_path / bad, output=tmp_path / "scores")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds no images"):
        find_normal(tmp_path / "empty", output=tmp_path / "scores")


def test_what_is_hidden_or_left_by_other_programs_is_passed_over(tmp_path):
    image = save(tmp_path / "a/b.png")
    for name in (
        "._b.png",
        ".hidden/c.png",
        "a/.ipynb_checkpoints/b-checkpoint.png",
        "a/@eaDir/b.png",
        "__MACOSX/d.png",
    ):
        save(tmp_path / name, image)
    (tmp_path / "a/folder.png").mkdir()
    assert found(tmp_path) == {"a/b": tmp_path / "a/b.png"}
    given = [tmp_path / "._b.png", tmp_path / ".hidden"]  # asked for by name
    assert set(found(*given)) == {"._b", "c"}


def test_links_are_followed_but_not_round_and_round(tmp_path):
    save(tmp_path / "elsewhere/b.png")
    save(tmp_path / "images/sub/a.png")
    (tmp_path / "images/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "images/sub/up").symlink_to(tmp_path / "images")
    assert set(found(tmp_path / "images")) == {"link/b", "sub/a"}


def results(folder):
    """What an earlier run has left in a folder, so far as it looks like images."""
    save(folder / "a.saliency.png")
    save(folder / "sub/b.saliency.mask.png")
    (folder / SCORES).write_text("file,novelty_score,p_value,saliency_marked\n")


@pytest.mark.parametrize("output", ["results", "other/place", "../beside"])
def test_results_in_a_folder_of_images_are_passed_over(tmp_path, output):
    folder = tmp_path / "images"
    save(folder / "a.png")
    results(folder / "results")
    (folder / "other").mkdir()
    save(folder / output / "killed.saliency.png")  # without a table yet
    assert set(found(folder, output=folder / output)) == {"a"}


def test_table_of_another_kind_makes_no_results(tmp_path):
    save(tmp_path / "sub/a.png")
    (tmp_path / "sub" / SCORES).write_text("file,score\n")
    assert set(found(tmp_path)) == {"sub/a"}


@pytest.mark.parametrize("given", ["images", "images/a.png", "images/sub", "link"])
def test_images_in_the_folder_for_the_results_are_refused(tmp_path, given):
    save(tmp_path / "images/a.png")
    save(tmp_path / "images/sub/b.png")
    (tmp_path / "link").symlink_to(tmp_path / "images")
    with pytest.raises(InputError, match="give another --output") as caught:
        found(tmp_path / given, output=tmp_path / "images")
    assert str(tmp_path / given) in str(caught.value)


def test_results_that_are_given_are_refused(tmp_path):
    results(tmp_path / "earlier")
    with pytest.raises(InputError, match=r"earlier holds results of an earlier run"):
        found(tmp_path / "earlier")


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_brought_to_the_shape_of_the_network(tmp_path, channels):
    color = np.zeros((20, 12, 3), np.uint8)
    color[..., 1] = 200
    files = [
        saved(tmp_path / "grey.png", np.full((8, 8), 50, np.uint8)),
        saved(tmp_path / "color.png", color),
    ]
    images, boxes = read_images(files, (channels, 8, 8), "stretch")
    assert boxes is None
    assert images.shape == (2, channels, 8, 8)
    assert (images[0] == 50).all()
    expected = [200 * 0.587] if channels == 1 else [0, 200, 0]
    np.testing.assert_allclose(images[1].mean(axis=(1, 2)), expected, atol=0.5)


def test_grey_of_colour_is_pillows_within_one_level(tmp_path):
    colours = save(tmp_path / "a.png", pixels_of(0, 64, 64, 3))
    grey = read_images([tmp_path / "a.png"], (1, 64, 64), "stretch")[0][0, 0].astype(int)
    difference = grey - np.asarray(Image.fromarray(colours).convert("L"))
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 0.01
