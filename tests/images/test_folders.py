"""Own images: every file of a folder is read as it is named."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from oracles.image_folders import SIZE, defect, exif_of, pixels_of, save
from PIL import Image

from novelty_maps.images.base import Dataset, label_table
from novelty_maps.images.folders import load_folder
from novelty_maps.images.listing import list_images
from novelty_maps.images.resize import resize
from novelty_maps.pipeline.errors import InputError


def load(folder: Path, image_size: int = SIZE) -> Dataset:
    return load_folder(list_images(str(folder)), image_size)


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


def test_home_folder_may_be_written_as_a_tilde(pets, monkeypatch):
    monkeypatch.setenv("HOME", str(pets.parent))
    assert len(load_folder(list_images("~/pets"), SIZE).images) == 10


def test_images_of_another_size_are_those_of_resize(pets):
    native = load(pets).images.copy()
    for size in (4, 12, 28):
        np.testing.assert_array_equal(load(pets, size).images, resize(native, (size, size)))


def test_images_of_unequal_size_are_each_resized_to_a_square(pets):
    tall = save(pets / "train/cat/0.png", pixels_of(1, 20, 6, 3))
    wide = save(pets / "train/cat/1.png", pixels_of(2, 5, 40, 3))
    found = load(pets)
    for row, pixels in enumerate((tall, wide)):
        expected = resize(pixels.transpose(2, 0, 1)[None].copy(), (SIZE, SIZE))[0]
        np.testing.assert_array_equal(found.images[row], expected)
    assert found.native_size == "8×8 to 5×40"


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


@pytest.mark.parametrize("file", ["test/broken/000.png", "ground_truth/broken/000_mask.png"])
def test_file_that_cannot_be_used_is_named(bottle, file):
    (bottle / file).write_bytes(b"")
    with pytest.raises(InputError, match=rf"{file} cannot be read as an image \(the file is empty"):
        load(bottle)


def test_mask_that_may_be_of_the_image_before_exif_turned_it_is_said(bottle, capsys):
    load(bottle)
    assert "EXIF" not in capsys.readouterr().err
    for image in ("broken/001", "contamination/002", "good/000"):
        save(bottle / f"test/{image}.png", exif=exif_of(3))
    masks = load(bottle).masks
    np.testing.assert_array_equal(masks[1], defect(1, 2) > 0)
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "EXIF" in line)
    assert (
        f"EXIF turns 2 of the images with a mask, such as {bottle / 'test/broken/001.png'}" in line
    )
    assert "taken as drawn on the turned image" in line


def test_mask_of_another_image_is_named_with_its_image(bottle):
    image = bottle / "test/broken/001.png"
    save(image, pixels_of(0, SIZE, 9, 3))
    with pytest.raises(InputError) as caught:
        load(bottle)
    assert f"001_mask.png has 8×8 pixels, but its image {image} has 8×9" in str(caught.value)


def test_padded_images_have_boxes_and_masks_that_go_with_them(bottle):
    mask = np.zeros((32, 16), np.uint8)
    mask[:4] = 255
    stored = save(bottle / "test/broken/001.png", pixels_of(0, 32, 16, 3))
    save(bottle / "ground_truth/broken/001_mask.png", mask)
    found = load_folder(list_images(str(bottle)), SIZE, "pad")
    expected = np.tile([0, 0, SIZE, SIZE], (len(found.images), 1))
    expected[44] = [0, 2, SIZE, 6]
    np.testing.assert_array_equal(found.boxes, expected)
    assert list(label_table(found))[3:] == ["top", "left", "bottom", "right"]
    native = stored.transpose(2, 0, 1)[None].copy()
    np.testing.assert_array_equal(found.images[44, :, :, 2:6], resize(native, (SIZE, 4))[0])
    np.testing.assert_array_equal(np.argwhere(found.masks[1])[[0, -1]], [[0, 2], [0, 5]])
    assert found.masks[1].sum() == 4


def test_there_are_no_boxes_where_nothing_is_padded(bottle):
    for fit in ("stretch", "pad", "crop"):
        found = load_folder(list_images(str(bottle)), SIZE, fit)
        assert found.boxes is None
        assert list(label_table(found)) == ["label", "official_part", "mask"]


def test_mask_that_is_cropped_away_is_left_out_and_said(bottle, capsys):
    mask = np.zeros((32, 16), np.uint8)
    mask[:4] = 255
    save(bottle / "test/broken/001.png", pixels_of(0, 32, 16, 3))
    save(bottle / "ground_truth/broken/001_mask.png", mask)
    whole = load(bottle)
    assert "crop" not in capsys.readouterr().err
    found = load_folder(list_images(str(bottle)), SIZE, "crop")
    assert found.mask_rows.tolist() == [-1] * 43 + [0, -1, 1, 2, 3, 4]
    np.testing.assert_array_equal(found.masks, np.delete(whole.masks, 1, axis=0))
    np.testing.assert_array_equal(found.labels, whole.labels)
    assert "data.fit crop leaves nothing of 1 masks, such as" in capsys.readouterr().err


def test_masks_of_visa_are_read_with_all_labels(candle):
    found = load(candle)
    assert found.masks.shape == (10, SIZE, SIZE)
    expected = [defect(number % 6, 2) > 0 for number in range(10)]
    for number, mask in enumerate(expected):
        mask[number % 6, 5] = True
    np.testing.assert_array_equal(found.masks, expected)
    assert found.mask_rows.tolist() == [-1] * 20 + list(range(10))
