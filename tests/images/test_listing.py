"""What is in a folder, by names alone, or an error that says what to do."""

import os
from pathlib import Path

import pytest
from oracles.image_folders import save

from novelty_maps.images.listing import as_text, list_images
from novelty_maps.pipeline.errors import InputError


def message(folder: Path) -> str:
    """The error of a folder, found without opening a file: one line."""
    with pytest.raises(InputError) as caught:
        list_images(str(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_are_in_the_order_of_their_names(pets):
    (pets / "train/cat/1.png").rename(pets / "train/cat/10.png")
    names = [file.path.name for file in list_images(str(pets)).files[:3]]
    assert names == ["0.png", "10.png", "2.png"]


def test_classes_are_sorted_and_good_is_first_where_training_has_only_that(
    pets: Path, bottle: Path
) -> None:
    assert list_images(str(pets)).classes == ["cat", "dog"]
    assert list_images(str(bottle)).classes == ["good", "broken", "contamination"]


def test_anomalies_have_their_masks_and_good_images_have_none(bottle: Path) -> None:
    for file in list_images(str(bottle)).files:
        kind, name = file.path.parent.name, file.path.stem
        mask = bottle / "ground_truth" / kind / f"{name}_mask.png"
        assert file.mask == (None if kind == "good" else mask)


def test_missing_mask_is_named_with_its_image_before_anything_is_read(bottle):
    mask = bottle / "ground_truth/broken/001_mask.png"
    mask.unlink()
    found = message(bottle)
    assert f"{mask} does not exist" in found
    assert str(bottle / "test/broken/001.png") in found


def test_training_class_beside_masks_is_named(bottle):
    save(bottle / "train/bad/000.png")
    assert f"{bottle / 'train/bad'} is a training class beside masks" in message(bottle)


def test_folder_that_does_not_exist_is_named(tmp_path):
    found = message(tmp_path / "nowhere")
    assert f"data.path is {tmp_path / 'nowhere'}" in found
    assert "train/<class>/" in found


def test_relative_path_that_is_not_found_asks_for_an_absolute_one():
    found = message(Path("nowhere"))
    assert "data.path is nowhere" in found
    assert "absolute path" in found
    assert str(Path.cwd()) in found


def test_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file.zip").write_bytes(b"")
    assert f"{tmp_path / 'file.zip'}, which is no folder" in message(tmp_path / "file.zip")


def test_folder_without_a_training_part_says_where_images_belong(pets):
    (pets / "train").rename(pets.parent / "away")
    assert f"{pets} has no folder train" in message(pets)


def test_folder_above_the_right_one_names_the_right_one(bottle):
    (bottle.parent / "mvtec").mkdir()
    inner = bottle.rename(bottle.parent / "mvtec" / "bottle")
    assert f"such as {inner}" in message(inner.parent)


@pytest.mark.parametrize("part", ["train", "test"])
def test_part_without_class_folders_is_named(pets, part):
    (pets / part).rename(pets.parent / "away")
    (pets / part).mkdir()
    assert f"{pets / part} has no class folders" in message(pets)


@pytest.mark.parametrize("hidden", [False, True])
def test_empty_class_folder_is_named(pets, hidden):
    (pets / "test/bird").mkdir()
    if hidden:
        (pets / "test/bird/.DS_Store").write_bytes(b"")
    assert f"{pets / 'test/bird'} has no images" in message(pets)


@pytest.mark.parametrize("name", ["notes.txt", "a.gif", "noextension", "nested"])
def test_anything_else_in_a_class_folder_is_named(pets, name):
    stray = pets / "train/dog" / name
    if name == "nested":
        stray.mkdir()
    else:
        stray.write_bytes(b"stray")
    assert f"{stray} is no image" in message(pets)


def test_image_outside_the_class_folders_is_named(pets):
    save(pets / "train/lost.png")
    assert f"{pets / 'train/lost.png'} is in no class folder" in message(pets)


@pytest.mark.parametrize("name", ["val/cat/0.png", "lost.png"])
def test_images_beside_the_parts_are_not_silently_left_out(pets, name):
    save(pets / name)
    assert f"{pets / Path(name).parts[0]} lies beside" in message(pets)


def test_only_one_class_is_an_error_that_names_it(tmp_path):
    save(tmp_path / "one/train/cat/0.png")
    save(tmp_path / "one/test/cat/0.png")
    assert "has one class only (cat)" in message(tmp_path / "one")


def test_what_is_hidden_or_left_by_other_programs_is_passed_over(pets):
    expected = list_images(str(pets))
    for name in (
        "train/dog/._0.png",
        "train/.ipynb_checkpoints/0.png",
        "test/cat/.ipynb_checkpoints/0.png",
        "train/dog/@eaDir/0.png",
        "__MACOSX/train/dog/._0.png",
        ".git/0.png",
    ):
        save(pets / name)
    (pets / "train/dog/Thumbs.db").touch()
    assert list_images(str(pets)) == expected


def test_class_whose_name_is_no_utf8_has_escapes_in_it(pets):
    strange = os.fsdecode(b"caf\xe9")
    for part in ("train", "test"):
        (pets / part / "cat").rename(pets / part / strange)
    found = list_images(str(pets))
    assert found.classes == ["caf\\xe9", "dog"]
    assert found.files[0].path == pets / "train" / strange / "0.png"
    assert found.files[0].label == 0


def test_text_of_a_name_is_the_name_where_it_is_utf8():
    assert as_text("größer") == "größer"
    assert as_text(Path(os.fsdecode(b"gr\xf6\xdfer/\xff"))) == r"gr\xf6\xdfer/\xff"


@pytest.mark.parametrize("inner", [True, False])
def test_visa_has_its_masks_and_no_official_split(candle: Path, inner: bool) -> None:
    if not inner:
        candle = (candle / "Data").rename(candle.parent / "without")
    root = candle / "Data" if inner else candle
    found = list_images(str(candle))
    assert found.folder == candle
    assert found.classes == ["Normal", "Anomaly"]
    assert [file.label for file in found.files] == [0] * 20 + [1] * 10
    assert {file.official_part for file in found.files} == {"none"}
    for file in found.files:
        mask = root / "Masks/Anomaly" / f"{file.path.stem}.png"
        assert file.mask == (mask if file.label else None)


def test_visa_without_masks_is_taken_too(candle: Path) -> None:
    (candle / "Data/Masks").rename(candle.parent / "away")
    assert {file.mask for file in list_images(str(candle)).files} == {None}


def test_what_visas_layout_lacks_is_named(candle: Path) -> None:
    mask = candle / "Data/Masks/Anomaly/004.png"
    mask.unlink()
    assert f"{mask} does not exist" in message(candle)
    save(candle / "Data/Images/Other/0.png")
    assert "Images/Other lies beside the folder Normal" in message(candle)
    (candle / "Data/Images/Other").rename(candle.parent / "other")
    (candle / "Data/Images/Anomaly").rename(candle.parent / "away")
    assert "has no folder Anomaly" in message(candle)


def test_folder_of_visas_categories_names_one(candle: Path) -> None:
    (candle.parent / "visa").mkdir()
    inner = candle.rename(candle.parent / "visa" / "candle")
    assert f"such as {inner}" in message(inner.parent)


def test_relative_path_is_looked_for_below_the_folder_of_data_sets(
    bottle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATASETS_ROOT", str(bottle.parent))
    assert list_images("bottle") == list_images(str(bottle))
    monkeypatch.delenv("DATASETS_ROOT")
    assert "set DATASETS_ROOT to the folder that it is in" in message(Path("bottle"))
