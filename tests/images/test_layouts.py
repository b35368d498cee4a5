"""Which files a data set is read from, as the checksum of an input tells them."""

import pytest
from oracles.image_folders import class_folders, mvtec, save
from oracles.parameters import section

from novelty_maps.images.folders import load_folder
from novelty_maps.images.layouts import PUBLISHED, source_digest
from novelty_maps.images.listing import list_images
from novelty_maps.params.data import DataParams


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A cache and no root of data sets."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DATASETS_ROOT", raising=False)


def digest(**changes):
    return source_digest(section(DataParams, "data", **changes))


def own(folder):
    return digest(name="folder", path=str(folder))


@pytest.mark.parametrize("layout", [class_folders, mvtec])
def test_digest_of_own_images_is_the_checksum_that_fetch_writes(layout, tmp_path):
    folder = layout(tmp_path / "own")
    assert load_folder(list_images(str(folder)), 8).files == {"own": f"sha256:{own(folder)}"}


def test_every_change_that_fetch_would_see_is_seen(tmp_path):
    folder = mvtec(tmp_path / "own")
    seen = [own(folder)]
    save(folder / "test/broken/000.png")
    (folder / "ground_truth/broken/001_mask.png").write_bytes(b"another")
    seen.append(own(folder))
    (folder / "ground_truth/broken/001_mask.png").write_bytes(b"another one")
    seen.append(own(folder))
    (folder / "train/good/000.png").rename(folder / "train/good/999.png")
    seen.append(own(folder))
    (folder / "train/good/001.png").unlink()
    seen.append(own(folder))
    assert len({*seen, None}) == len(seen) + 1


def test_what_fetch_passes_over_changes_nothing_and_neither_does_the_place(tmp_path):
    folder = class_folders(tmp_path / "own")
    first = own(folder)
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "train/cat/Thumbs.db").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    assert own(folder) == first
    assert own(folder.rename(tmp_path / "elsewhere")) == first


def test_folder_in_disorder_has_none(tmp_path):
    folder = class_folders(tmp_path / "own")
    (folder / "train/cat/notes.txt").write_text("x")
    assert own(folder) is None
    assert own(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_data_set_is_known_by_its_files_below_the_root(name, tmp_path, monkeypatch):
    assert digest(name=name) is None
    monkeypatch.setenv("DATASETS_ROOT", str(tmp_path))
    assert digest(name=name) is None
    folder = tmp_path / PUBLISHED[name].folder
    folder.mkdir(parents=True)
    file = folder / "emnist-digits-train-images-idx3-ubyte"
    file.write_bytes(b"first")
    first = digest(name=name)
    file.write_bytes(b"second")
    assert len({first, digest(name=name), None}) == 3
    assert digest(name="digits") is None


def test_other_splits_of_emnist_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setenv("DATASETS_ROOT", str(tmp_path))
    (tmp_path / "EMNIST/raw").mkdir(parents=True)
    (tmp_path / "EMNIST/raw/emnist-byclass-train-images-idx3-ubyte").write_bytes(b"large")
    assert digest(name="emnist_digits") is None
