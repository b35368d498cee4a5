"""Own images: every file of a folder is read as it is named, or an error says what to do."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, PngImagePlugin
from ruamel.yaml import YAML

from stages import check, fetch, maps, split, train
from stages.lib import paths
from stages.lib.autoencoders import autoencoder_of
from stages.lib.datasets import Dataset, resize, resize_mask
from stages.lib.errors import InputError
from stages.lib.image_files import read_image
from stages.lib.image_folders import list_images, load_folder
from stages.lib.images import load_masks, load_part, load_rows

ROOT = Path(__file__).resolve().parents[2]
SIZE = 8


def pixels_of(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def save(path: Path, pixels: np.ndarray | None = None, **options: Any) -> np.ndarray:
    """Write an image, by default of random colours; returns its pixels (H, W) or (H, W, 3)."""
    if pixels is None:
        pixels = pixels_of(len(path.as_posix()) + sum(path.name.encode()), SIZE, SIZE, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return pixels


def load(folder: Path, image_size: int = SIZE) -> Dataset:
    return load_folder(str(folder), image_size)


def message(folder: Path, image_size: int = SIZE) -> str:
    """The error of a folder: one line, without a Python object in it."""
    with pytest.raises(InputError) as caught:
        load(folder, image_size)
    found = str(caught.value)
    assert "\n" not in found
    assert "<_io" not in found
    return found


def listing_message(folder: Path) -> str:
    """The error of a folder that is found without opening a file, so before anything runs."""
    with pytest.raises(InputError) as caught:
        list_images(str(folder))
    assert message(folder) == str(caught.value)
    return str(caught.value)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Class folders: two classes of three training images and two test images each."""
    folder = tmp_path / "pets"
    for part, count in (("train", 3), ("test", 2)):
        for name in ("dog", "cat"):
            for number in range(count):
                save(folder / part / name / f"{number}.png")
    return folder


def defect(row: int, column: int) -> np.ndarray:
    """Mask of one square of two pixels a side."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[row : row + 2, column : column + 2] = 255
    return mask


@pytest.fixture
def bottle(tmp_path: Path) -> Path:
    """MVTec AD: forty good images for training; good ones and two kinds of anomaly for test."""
    folder = tmp_path / "bottle"
    for number in range(40):
        save(folder / "train/good" / f"{number:03}.png")
    for kind in ("good", "contamination", "broken"):
        for number in range(3):
            save(folder / "test" / kind / f"{number:03}.png")
            if kind != "good":
                mask = defect(number, 2 if kind == "broken" else 5)
                save(folder / "ground_truth" / kind / f"{number:03}_mask.png", mask)
    (folder / "license.txt").write_text("CC BY-NC-SA 4.0")
    return folder


# --- class folders


def test_labels_count_the_sorted_class_names_and_rows_are_in_order(pets):
    found = load(pets)
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [0] * 3 + [1] * 3 + [0] * 2 + [1] * 2
    assert found.labels.dtype == np.int64
    assert found.official_part.tolist() == ["train"] * 6 + ["test"] * 4
    assert found.images.shape == (10, 3, SIZE, SIZE)
    assert found.images.dtype == np.uint8
    assert found.native_size == "8×8"


def test_every_row_is_the_image_of_its_file(pets):
    rows = [
        np.asarray(Image.open(pets / part / name / f"{number}.png")).transpose(2, 0, 1)
        for part, count in (("train", 3), ("test", 2))
        for name in ("cat", "dog")
        for number in range(count)
    ]
    np.testing.assert_array_equal(load(pets).images, rows)


def test_files_are_in_the_order_of_their_names(pets):
    (pets / "train/cat/1.png").rename(pets / "train/cat/10.png")
    names = [file.path.name for file in list_images(str(pets)).files[:3]]
    assert names == ["0.png", "10.png", "2.png"]


def test_class_that_is_in_the_test_part_only_has_a_label_of_its_own(pets):
    save(pets / "test/bird/0.png")
    found = load(pets)
    assert found.classes == ["bird", "cat", "dog"]
    assert found.labels.tolist() == [1] * 3 + [2] * 3 + [0] + [1] * 2 + [2] * 2


def test_folder_without_a_test_part_has_no_official_split(pets):
    (pets / "test").rename(pets.parent / "away")
    assert load(pets).official_part.tolist() == ["none"] * 6


def test_hidden_files_and_those_of_file_managers_are_passed_over(pets):
    before = load(pets)
    for stray in (".DS_Store", "Thumbs.db", "desktop.ini", ".hidden.png"):
        (pets / "train/cat" / stray).write_bytes(b"stray")
        (pets / "train" / stray).write_bytes(b"stray")
    (pets / "train/.ipynb_checkpoints").mkdir()
    (pets / ".git").mkdir()
    after = load(pets)
    assert after.files == before.files
    np.testing.assert_array_equal(after.images, before.images)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG", ".bmp", ".tif", ".tiff", ".webp"])
def test_every_format_is_read(pets, suffix):
    grey = np.full((SIZE, SIZE, 3), 120, np.uint8)
    save(pets / "test/dog" / f"9{suffix}", grey)
    assert np.abs(load(pets).images[-1].astype(int) - 120).max() <= 2


def test_home_folder_may_be_written_as_a_tilde(pets, monkeypatch):
    monkeypatch.setenv("HOME", str(pets.parent))
    assert len(load_folder("~/pets", SIZE).images) == 10


# --- sizes


def test_images_of_another_size_are_those_of_resize(pets):
    native = load(pets).images
    for size in (4, 12, 28):
        np.testing.assert_array_equal(load(pets, size).images, resize(native, size))


def test_images_of_unequal_size_are_each_resized_to_a_square(pets):
    tall = save(pets / "train/cat/0.png", pixels_of(1, 20, 6, 3))
    wide = save(pets / "train/cat/1.png", pixels_of(2, 5, 40, 3))
    found = load(pets)
    for row, pixels in enumerate((tall, wide)):
        expected = resize(pixels.transpose(2, 0, 1)[None].copy(), SIZE)[0]
        np.testing.assert_array_equal(found.images[row], expected)
    assert found.native_size == "8×8 to 5×40"


# --- grey and colour


def test_folder_of_grey_images_has_one_channel(pets):
    files = [file.path for file in list_images(str(pets)).files]
    stored = [save(path, pixels_of(row, SIZE, SIZE)) for row, path in enumerate(files)]
    np.testing.assert_array_equal(load(pets).images[:, 0], stored)
    assert load(pets).images.shape[1] == 1


@pytest.mark.parametrize("coloured", [0, 4, 9])
def test_one_image_in_colour_makes_all_rgb(pets, coloured):
    files = [file.path for file in list_images(str(pets)).files]
    stored = [pixels_of(row, SIZE, SIZE) for row in range(10)]
    for row, path in enumerate(files):
        save(path, pixels_of(row, SIZE, SIZE, 3) if row == coloured else stored[row])
    images = load(pets).images
    assert images.shape == (10, 3, SIZE, SIZE)
    for row in set(range(10)) - {coloured}:
        np.testing.assert_array_equal(images[row], np.stack([stored[row]] * 3))
    expected = pixels_of(coloured, SIZE, SIZE, 3).transpose(2, 0, 1)
    np.testing.assert_array_equal(images[coloured], expected)


def test_black_and_white_image_is_grey_from_0_to_255(tmp_path):
    bits = pixels_of(0, 5, 6) > 127
    save(tmp_path / "a.png", bits)
    pixels, _ = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels, np.where(bits, 255, 0)[None])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, suffix):
    grey = pixels_of(0, 5, 6)
    save(tmp_path / f"a{suffix}", grey.astype(np.uint16) * 257)
    pixels, _ = read_image(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(pixels, grey[None])


def test_floats_from_0_to_1_are_scaled_to_bytes(tmp_path):
    grey = pixels_of(0, 5, 6)
    save(tmp_path / "a.tif", grey.astype(np.float32) / 255)
    pixels, _ = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(pixels, grey[None])


def test_alpha_channel_is_dropped(tmp_path):
    colours = pixels_of(0, 5, 6, 4)
    save(tmp_path / "colour.png", colours)
    pixels, _ = read_image(tmp_path / "colour.png")
    np.testing.assert_array_equal(pixels, colours[..., :3].transpose(2, 0, 1))
    Image.merge("LA", [Image.fromarray(colours[..., c]) for c in (0, 1)]).save(tmp_path / "la.png")
    pixels, _ = read_image(tmp_path / "la.png")
    np.testing.assert_array_equal(pixels, colours[None, ..., 0])


def test_palette_is_resolved_to_its_colours(tmp_path, recwarn):
    palette = Image.fromarray(np.arange(4, dtype=np.uint8).reshape(2, 2)).convert("P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    palette.save(tmp_path / "a.png", transparency=b"\x00\xff")
    pixels, _ = read_image(tmp_path / "a.png")
    assert pixels[:, 0, 0].tolist() == [255, 0, 0]
    assert pixels[:, 1, 1].tolist() == [9, 9, 9]
    assert not recwarn.list


def test_photograph_is_turned_as_its_camera_says(tmp_path):
    pixels = pixels_of(0, 4, 6, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right of the stored image
    save(tmp_path / "a.png", pixels, exif=exif)
    turned, _ = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(turned, np.rot90(pixels, -1).transpose(2, 0, 1))


@pytest.mark.parametrize("suffix", [".webp", ".png", ".tif"])
def test_animation_is_its_first_frame(tmp_path, suffix):
    frames = [np.full((5, 6, 3), value, np.uint8) for value in (40, 200)]
    first, second = map(Image.fromarray, frames)
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=[second])
    pixels, _ = read_image(tmp_path / f"a{suffix}")
    assert pixels.shape == (3, 5, 6)
    assert np.abs(pixels.astype(int) - 40).max() <= 2


# --- MVTec AD


def test_good_is_label_0_and_the_kinds_of_anomaly_follow_sorted(bottle):
    found = load(bottle)
    assert found.classes == ["good", "broken", "contamination"]
    assert found.labels.tolist() == [0] * 43 + [1] * 3 + [2] * 3
    assert found.official_part.tolist() == ["train"] * 40 + ["test"] * 9


def test_images_without_masks_in_this_layout_are_taken_too(bottle):
    before = load(bottle)
    (bottle / "ground_truth").rename(bottle.parent / "away")
    after = load(bottle)
    assert after.classes == before.classes
    np.testing.assert_array_equal(after.images, before.images)


def test_missing_mask_is_named_with_its_image_before_anything_is_read(bottle):
    mask = bottle / "ground_truth/broken/001_mask.png"
    mask.unlink()
    found = listing_message(bottle)
    assert f"{mask} does not exist" in found
    assert str(bottle / "test/broken/001.png") in found


def test_mask_of_another_size_than_its_image_is_named_with_both_sizes(bottle):
    mask = bottle / "ground_truth/contamination/002_mask.png"
    save(mask, np.zeros((SIZE, 9), np.uint8))
    found = message(bottle)
    assert f"{mask} has 8×9 pixels" in found
    assert f"{bottle / 'test/contamination/002.png'} has 8×8" in found


def test_damaged_mask_is_named(bottle):
    mask = bottle / "ground_truth/broken/000_mask.png"
    mask.write_bytes(mask.read_bytes()[:40])
    assert f"{mask} cannot be read as an image" in message(bottle)


def test_masks_are_kept_in_the_order_of_their_images(bottle):
    found = load(bottle)
    expected = [defect(number, column) > 0 for column in (2, 5) for number in range(3)]
    np.testing.assert_array_equal(found.masks, expected)
    assert found.masks.dtype == np.bool_
    assert found.mask_rows.tolist() == [-1] * 43 + [0, 1, 2, 3, 4, 5]
    assert found.mask_rows.dtype == np.int64


def test_images_without_a_mask_are_marked_so(pets, bottle):
    (bottle / "ground_truth").rename(bottle.parent / "away")
    for folder, count in ((pets, 10), (bottle, 49)):
        found = load(folder)
        assert found.masks.shape == (0, SIZE, SIZE)
        assert found.mask_rows.tolist() == [-1] * count


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
    np.testing.assert_array_equal(resize_mask(mask, SIZE), touches(mask, SIZE))


def test_mask_is_resized_with_its_image(bottle):
    mask = np.zeros((20, 32), np.uint8)
    mask[:10, 16:] = 255
    save(bottle / "test/broken/001.png", pixels_of(0, 20, 32, 3))
    save(bottle / "ground_truth/broken/001_mask.png", mask)
    found = load(bottle).masks[1]
    expected = np.zeros((SIZE, SIZE), bool)
    expected[:4, 4:] = True
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("line", [(slice(100, 101), slice(None)), (slice(None), slice(37, 38))])
def test_defect_of_one_pixel_across_survives_resizing(bottle, line):
    mask = np.zeros((200, 200), np.uint8)
    mask[line] = 255
    save(bottle / "test/broken/000.png", pixels_of(0, 200, 200, 3))
    save(bottle / "ground_truth/broken/000_mask.png", mask)
    found = load(bottle).masks[0]
    expected = np.zeros((SIZE, SIZE), bool)
    expected[tuple(slice(None) if part.start is None else part.start // 25 for part in line)] = True
    np.testing.assert_array_equal(found, expected)


def test_pixel_of_a_mask_is_novel_above_half_of_white(bottle):
    grey = np.array([[0, 1, 127, 128, 200, 254, 255, 0]] * SIZE, np.uint8)
    mask = bottle / "ground_truth/broken/000_mask.png"
    save(mask, grey)
    np.testing.assert_array_equal(load(bottle).masks[0], grey > 127)
    save(mask, np.stack([grey, np.zeros_like(grey), np.zeros_like(grey)], axis=-1))
    np.testing.assert_array_equal(load(bottle).masks[0], grey > 127)


@pytest.mark.parametrize("value", [0, 1, 127])
def test_mask_that_marks_nothing_is_named_with_its_image(bottle, value):
    mask = bottle / "ground_truth/contamination/001_mask.png"
    save(mask, np.full((SIZE, SIZE), value, np.uint8))
    found = message(bottle)
    assert f"{mask} marks nothing in {bottle / 'test/contamination/001.png'}" in found
    assert "above 127" in found


def test_training_class_beside_masks_is_named(bottle):
    save(bottle / "train/bad/000.png")
    assert f"{bottle / 'train/bad'} is a training class beside masks" in listing_message(bottle)


# --- checksum


def test_checksum_is_that_of_what_sha256sum_prints(bottle):
    names = sorted(
        path.relative_to(bottle).as_posix() for path in bottle.rglob("*.png") if path.is_file()
    )
    printed = "".join(
        f"{hashlib.sha256((bottle / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    )
    expected = hashlib.sha256(printed.encode()).hexdigest()
    assert load(bottle).files == {"bottle": f"sha256:{expected}"}


def test_checksum_depends_on_names_and_contents_and_not_on_the_place(pets, tmp_path):
    first = load(pets).files
    moved = pets.rename(tmp_path / "elsewhere")
    assert load(moved).files == {"elsewhere": first["pets"]}
    (moved / "train/cat/0.png").rename(moved / "train/cat/00.png")
    renamed = load(moved).files["elsewhere"]
    save(moved / "train/cat/00.png", pixels_of(99, SIZE, SIZE, 3))
    assert len({first["pets"], renamed, load(moved).files["elsewhere"]}) == 3


# --- folders that cannot be used


def test_folder_that_does_not_exist_is_named(tmp_path):
    found = listing_message(tmp_path / "nowhere")
    assert f"data.path is {tmp_path / 'nowhere'}" in found
    assert "train/<class>/" in found


def test_relative_path_that_is_not_found_asks_for_an_absolute_one():
    found = listing_message(Path("nowhere"))
    assert "data.path is nowhere" in found
    assert "absolute path" in found
    assert str(Path.cwd()) in found


def test_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file.zip").write_bytes(b"")
    assert f"{tmp_path / 'file.zip'}, which is no folder" in listing_message(tmp_path / "file.zip")


def test_folder_without_a_training_part_says_where_images_belong(pets):
    (pets / "train").rename(pets.parent / "away")
    assert f"{pets} has no folder train" in listing_message(pets)


def test_folder_above_the_right_one_names_the_right_one(bottle):
    (bottle.parent / "mvtec").mkdir()
    inner = bottle.rename(bottle.parent / "mvtec" / "bottle")
    assert f"such as {inner}" in listing_message(inner.parent)


@pytest.mark.parametrize("part", ["train", "test"])
def test_part_without_class_folders_is_named(pets, part):
    (pets / part).rename(pets.parent / "away")
    (pets / part).mkdir()
    assert f"{pets / part} has no class folders" in listing_message(pets)


@pytest.mark.parametrize("hidden", [False, True])
def test_empty_class_folder_is_named(pets, hidden):
    (pets / "test/bird").mkdir()
    if hidden:
        (pets / "test/bird/.DS_Store").write_bytes(b"")
    assert f"{pets / 'test/bird'} has no images" in listing_message(pets)


@pytest.mark.parametrize("name", ["notes.txt", "a.gif", "noextension", "nested"])
def test_anything_else_in_a_class_folder_is_named(pets, name):
    stray = pets / "train/dog" / name
    if name == "nested":
        stray.mkdir()
    else:
        stray.write_bytes(b"stray")
    assert f"{stray} is no image" in listing_message(pets)


def test_image_outside_the_class_folders_is_named(pets):
    save(pets / "train/lost.png")
    assert f"{pets / 'train/lost.png'} is in no class folder" in listing_message(pets)


@pytest.mark.parametrize("name", ["val/cat/0.png", "lost.png"])
def test_images_beside_the_parts_are_not_silently_left_out(pets, name):
    save(pets / name)
    assert f"{pets / Path(name).parts[0]} lies beside" in listing_message(pets)


def test_only_one_class_is_an_error_that_names_it(tmp_path):
    save(tmp_path / "one/train/cat/0.png")
    save(tmp_path / "one/test/cat/0.png")
    assert "has one class only (cat)" in listing_message(tmp_path / "one")


# --- images that cannot be used


def write_png_header(path: Path, width: int, height: int) -> None:
    """A PNG file that claims to be of some size and has no pixels."""
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
        PngImagePlugin.putchunk(file, b"IHDR", header)
        PngImagePlugin.putchunk(file, b"IDAT", b"")
        PngImagePlugin.putchunk(file, b"IEND", b"")


def write_floats(path: Path, *values: float) -> None:
    Image.fromarray(np.array([values], np.float32)).save(path)


DAMAGES = {
    "empty": (".png", lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (".png", lambda path: path.write_text("no image"), "damaged, or none of JPEG, PNG"),
    "gif": (".png", lambda path: Image.new("L", (8, 8)).save(path, "GIF"), "damaged, or none of"),
    "no_pixels": (".png", lambda path: write_png_header(path, 0, 5), ""),
    "huge": (".png", lambda path: write_png_header(path, 60_000, 60_000), "decompression bomb"),
    "folder": (".png", lambda path: path.mkdir(), "Is a directory"),
    "integers": (
        ".tif",
        lambda path: Image.fromarray(np.arange(4, dtype=np.int32)[None]).save(path),
        "integers of 32 bits",
    ),
    "nan": (".tif", lambda path: write_floats(path, 0, np.nan), "it has NaN"),
    "infinite": (".tif", lambda path: write_floats(path, 0, np.inf), "from 0 to inf"),
    "percent": (".tif", lambda path: write_floats(path, 0, 100), "from 0 to 100, outside 0..1"),
    "negative": (".tif", lambda path: write_floats(path, -0.5, 1), "from -0.5 to 1, outside 0..1"),
}


@pytest.mark.parametrize(("suffix", "damage", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_image_that_cannot_be_used_is_named_with_the_reason(pets, suffix, damage, reason):
    path = pets / "test/cat" / f"9{suffix}"
    damage(path)
    found = message(pets)
    assert f"{path} cannot be read as an image (" in found
    assert reason in found
    assert "replace it or remove it" in found


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_image_is_named(pets, suffix, share):
    path = pets / "test/cat" / f"9{suffix}"
    save(path, pixels_of(0, 40, 40, 3))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert f"{path} cannot be read as an image" in message(pets)


# --- the commands


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty workspace with the settings of the repository, in which commands run."""
    place = tmp_path / "workspace"
    place.mkdir()
    monkeypatch.chdir(place)
    set_params(place)
    return place


def set_params(workspace: Path, **sections: dict[str, Any]) -> Path:
    values = YAML(typ="safe").load(ROOT / "params.yaml")
    for section, changes in sections.items():
        values[section] |= changes
    YAML().dump(values, workspace / "params.yaml")
    return workspace / "params.yaml"


def test_fetch_stores_images_labels_and_provenance_of_a_folder(pets, workspace):
    fetch.main(name="folder", path=str(pets), image_size=12)
    expected = load(pets, 12)
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), expected.images)
    labels = pd.read_csv("data/raw/labels.csv")
    assert labels.columns.tolist() == ["label", "official_part", "mask"]
    assert labels["label"].tolist() == expected.labels.tolist()
    assert labels["official_part"].tolist() == expected.official_part.tolist()
    provenance = json.loads((workspace / "data/raw/provenance.json").read_text())
    assert provenance == {
        "name": "folder",
        "source": "images of a folder",
        "files": expected.files,
        "classes": ["cat", "dog"],
        "native_size": "8×8",
        "image_size": 12,
        "channels": 3,
        "counts": {"train": 6, "test": 4},
    }
    assert str(pets) not in (workspace / "data/raw/provenance.json").read_text()


def test_fetch_says_the_names_of_the_digits_too(workspace):
    fetch.main(name="digits", image_size=8)
    provenance = json.loads((workspace / "data/raw/provenance.json").read_text())
    assert provenance["classes"] == list("0123456789")
    assert provenance["native_size"] == "8×8"


def part_counts() -> dict[tuple[str, int, int], int]:
    return pd.read_csv("data/split.csv").groupby(["part", "label", "novel"]).size().to_dict()


def test_class_folders_go_from_check_to_split(pets, workspace):
    set_params(
        workspace,
        data={"name": "folder", "path": str(pets)},
        split={"normal_classes": [1], "validation_fraction": 0.3},
    )
    check.main()
    fetch.main()
    split.main()
    assert part_counts() == {
        ("train", 0, 1): 2,
        ("train", 1, 0): 2,
        ("validation", 0, 1): 1,
        ("validation", 1, 0): 1,
        ("test", 0, 1): 2,
        ("test", 1, 0): 2,
    }


def test_class_folders_without_a_test_part_are_drawn_from(pets, workspace):
    for name in ("cat", "dog"):
        for number in range(2):
            (pets / "test" / name / f"{number}.png").rename(
                pets / "train" / name / f"{3 + number}.png"
            )
        (pets / "test" / name).rmdir()
    (pets / "test").rmdir()
    set_params(
        workspace,
        data={"name": "folder", "path": str(pets)},
        split={"normal_classes": [0], "validation_fraction": 0.3, "test_fraction": 0.4},
    )
    fetch.main()
    split.main()
    assert part_counts() == {
        ("train", 0, 0): 2,
        ("train", 1, 1): 2,
        ("validation", 0, 0): 1,
        ("validation", 1, 1): 1,
        ("test", 0, 0): 2,
        ("test", 1, 1): 2,
    }


def test_mvtec_goes_from_check_to_split_with_anomalies_in_test_only(bottle, workspace):
    set_params(
        workspace,
        data={"name": "folder", "path": str(bottle)},
        split={"normal_classes": [0], "validation_fraction": 0.1},
    )
    check.main()
    fetch.main()
    split.main()
    assert part_counts() == {
        ("train", 0, 0): 36,
        ("validation", 0, 0): 4,
        ("test", 0, 0): 3,
        ("test", 1, 1): 3,
        ("test", 2, 1): 3,
    }


def fetched(bottle: Path, workspace: Path) -> None:
    set_params(
        workspace,
        data={"name": "folder", "path": str(bottle), "image_size": SIZE},
        split={"normal_classes": [0]},
    )
    fetch.main()
    split.main()


def test_every_row_of_the_index_table_finds_its_mask(bottle, workspace):
    fetched(bottle, workspace)
    rows = load_rows("test")
    masks, place = load_masks(rows)
    assert masks.dtype == np.bool_
    for label, column in ((1, 2), (2, 5)):
        found = masks[place[rows["label"] == label]]
        np.testing.assert_array_equal(found, [defect(row, column) > 0 for row in range(3)])
    assert place[rows["label"] == 0].tolist() == [-1] * 3
    assert set(load_masks(load_rows("train"))[1]) == {-1}
    shuffled = rows.sample(frac=1, random_state=0)
    np.testing.assert_array_equal(load_masks(shuffled)[1], place[shuffled["row"]])


@pytest.mark.parametrize("own", [True, False])
def test_data_set_without_masks_has_an_empty_file_of_them(pets, workspace, own):
    data = {"name": "folder", "path": str(pets)} if own else {"name": "digits", "path": None}
    set_params(
        workspace,
        data={**data, "image_size": SIZE},
        split={"normal_classes": [0], "validation_fraction": 0.3},
    )
    fetch.main()
    split.main()
    assert set(pd.read_csv("data/raw/labels.csv")["mask"]) == {-1}
    rows = load_rows("test")
    masks, place = load_masks(rows)
    assert masks.shape == (0, SIZE, SIZE)
    assert masks.dtype == np.bool_
    assert place.tolist() == [-1] * len(rows)


@pytest.mark.parametrize("novel", [True, False])
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_rows_without_images_are_those_with_them(bottle, workspace, part, novel):
    fetched(bottle, workspace)
    images, rows = load_part(part, novel=novel)
    pd.testing.assert_frame_equal(load_rows(part, novel=novel), rows)
    assert len(images) == len(rows)


def edit_masks(change: Callable[[np.ndarray], np.ndarray]) -> None:
    np.save(paths.RAW_MASKS, change(np.load(paths.RAW_MASKS)))


def edit_labels(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_csv(paths.RAW_LABELS)).to_csv(paths.RAW_LABELS, index=False)


BAD_MASKS = {
    "missing": (paths.RAW_MASKS.unlink, "masks.npy does not exist"),
    "truncated": (
        lambda: paths.RAW_MASKS.write_bytes(paths.RAW_MASKS.read_bytes()[:-1]),
        "masks.npy is truncated",
    ),
    "of another type": (lambda: edit_masks(lambda m: m.astype(np.uint8)), "holds uint8 6×8×8"),
    "of another size": (lambda: edit_masks(lambda m: m[:, :4]), "holds bool 6×4×8"),
    "one too few": (lambda: edit_masks(lambda m: m[1:]), "do not belong together"),
    "of other images": (lambda: edit_labels(lambda t: t[1:]), "do not belong together"),
    "used twice": (lambda: edit_labels(lambda t: t.replace({"mask": 0}, 1)), "do not belong"),
    "without a column": (lambda: edit_labels(lambda t: t.drop(columns="mask")), "column mask"),
}


@pytest.mark.parametrize(("spoil", "named"), BAD_MASKS.values(), ids=BAD_MASKS)
def test_masks_that_do_not_fit_are_named_with_the_stage_that_makes_them(
    bottle, workspace, spoil, named
):
    fetched(bottle, workspace)
    rows = load_rows("test")
    spoil()
    with pytest.raises(InputError) as caught:
        load_masks(rows)
    assert named in str(caught.value)
    assert "python -m stages.fetch" in str(caught.value)


def test_name_on_the_command_line_leaves_the_path_of_the_file_aside(pets, workspace):
    set_params(workspace, data={"name": "folder", "path": str(pets)})
    fetch.main(name="digits", image_size=8)
    provenance = json.loads((workspace / "data/raw/provenance.json").read_text())
    assert provenance["name"] == "digits"
    fetch.main(name="folder", image_size=8)
    provenance = json.loads((workspace / "data/raw/provenance.json").read_text())
    assert provenance["files"].keys() == {"pets"}
    with pytest.raises(InputError, match=r"but data\.name is digits"):
        fetch.main(name="digits", path=str(pets))


@pytest.mark.parametrize("layout", ["pets", "bottle"])
def test_colour_goes_from_fetch_to_maps_which_have_one_value_a_pixel(
    request, workspace, monkeypatch, layout
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace / "cache"))
    set_params(
        workspace,
        data={
            "name": "folder",
            "path": str(request.getfixturevalue(layout)),
            "image_size": SIZE,
        },
        split={"normal_classes": [0], "validation_fraction": 0.3},
        train={"epochs": 2, "code_length": 4, "device": "cpu"},
        maps={"device": "cpu"},
    )
    fetch.main()
    split.main()
    train.main()
    maps.main()
    images, _ = load_part("test")
    network = autoencoder_of(torch.load(paths.AUTOENCODER), source="")
    x = torch.from_numpy(images).float().div(255).requires_grad_()
    reconstruction = network(x)
    error = (x - reconstruction).square()
    (gradient,) = torch.autograd.grad(error.mean(dim=(1, 2, 3)).sum(), x)
    saliency = gradient.abs().numpy()
    assert (saliency.argmax(axis=1) > 0).any()  # not of the first channel alone
    for name, expected in (
        ("saliency", saliency.max(axis=1)),
        ("reconstruction_error", error.detach().numpy().mean(axis=1)),
        ("reconstruction", reconstruction.detach().numpy()),
    ):
        found = np.load(paths.map_path(name))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_check_counts_the_classes_of_the_folder(pets, workspace):
    folder = {"name": "folder", "path": str(pets)}
    set_params(workspace, data=folder, split={"normal_classes": [2]})
    with pytest.raises(InputError, match=r"split\.normal_classes has 2.*0\.\.1"):
        check.main()
    set_params(workspace, data=folder, split={"normal_classes": [0, 1]})
    with pytest.raises(InputError, match="names all 2 classes"):
        check.main()
    assert not (workspace / "data").exists()


def test_check_finds_a_folder_in_disorder_before_anything_runs(pets, workspace):
    (pets / "train/cat/notes.txt").write_text("stray")
    set_params(workspace, data={"name": "folder", "path": str(pets)}, split={"normal_classes": [0]})
    with pytest.raises(InputError, match=r"notes\.txt is no image"):
        check.main()


def test_check_of_bundled_data_needs_no_image_library(workspace):
    program = "import sys; from stages import check; check.main()"
    program += "; print([m for m in ('PIL', 'torchvision') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n", done.stderr


def test_bad_image_costs_no_earlier_result_and_is_one_line(pets, workspace):
    fetch.main(name="folder", path=str(pets))
    before = (workspace / "data/raw/images.npy").read_bytes()
    bad = pets / "test/cat/1.png"
    bad.write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "stages.fetch", "--name", "folder", "--path", str(pets)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line and "img/s" not in line]
    assert lines == [
        f"error: {bad} cannot be read as an image (the file is empty): replace it or remove it"
    ]
    assert (workspace / "data/raw/images.npy").read_bytes() == before
