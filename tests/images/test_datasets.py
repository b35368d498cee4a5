"""The bundled digits, which need neither network nor folder; and own images by their parameters."""

import hashlib
from pathlib import Path

import numpy as np
from oracles.image_folders import class_folders
from oracles.parameters import section
from oracles.without_torch import runs_without_torch

from novelty_maps.images import listing
from novelty_maps.images.base import Dataset
from novelty_maps.images.datasets import load, load_dataset
from novelty_maps.params.class_names import CLASSES
from novelty_maps.params.data import DataParams

ROOT = Path(__file__).resolve().parents[2]


def load_named(name: str, folder: Path | None, tmp_path: Path) -> Dataset:
    return load_dataset(name, folder=folder, download_folder=tmp_path / "downloads")


def test_digits_load_without_network_or_folder(tmp_path):
    digits = load_named("digits", None, tmp_path)
    assert digits.images.shape == (1797, 1, 8, 8)
    assert digits.images.dtype == np.uint8
    assert (digits.images.min(), digits.images.max()) == (0, 255)
    assert digits.labels.dtype == np.int64
    assert sorted(set(digits.labels.tolist())) == list(range(10))
    assert set(digits.official_part) == {"none"}
    assert list(tmp_path.iterdir()) == []


def test_digits_record_the_checksum_of_their_images(tmp_path):
    digits = load_named("digits", None, tmp_path)
    expected = hashlib.sha256(digits.images.tobytes()).hexdigest()
    assert digits.files == {"sklearn.datasets.load_digits": f"sha256:{expected}"}


def test_digits_are_named_in_label_order_and_have_their_native_size(tmp_path):
    digits = load_named("digits", None, tmp_path)
    assert digits.classes == CLASSES["digits"]
    assert digits.native_size == "8×8"


def test_digits_keep_all_seventeen_grey_levels(tmp_path):
    levels = np.unique(load_named("digits", None, tmp_path).images)
    np.testing.assert_array_equal(levels, np.round(np.arange(17) * 255 / 16))


def test_digits_need_no_folder_even_if_a_broken_one_is_given(tmp_path):
    assert len(load_named("digits", tmp_path / "nowhere", tmp_path).images) == 1797


def test_folder_of_own_images_is_looked_through_once(tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr(listing, "outside_path", lambda path: looked.append(path) or Path(path))
    folder = str(class_folders(tmp_path / "pets"))
    assert len(load(section(DataParams, "data", name="folder", path=folder)).images) == 10
    assert looked == [folder]


def test_digits_need_no_torch():
    code = "from novelty_maps.images.datasets import load_dataset;"
    code += "load_dataset('digits', folder=None)"
    assert runs_without_torch(code) == ""
