"""Published data sets: what is loaded is what is named, or an error says what to do."""

import gzip
import hashlib
import os
import pickle
import shutil
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from novelty_maps.images import published
from novelty_maps.images.base import Dataset
from novelty_maps.images.datasets import load_dataset
from novelty_maps.machine.torchvision_import import load_torchvision
from novelty_maps.params.class_names import CLASSES
from novelty_maps.pipeline.errors import InputError

DATASETS_ROOT = Path(os.environ.get("DATASETS_ROOT") or "unset")


RAW = DATASETS_ROOT / "MNIST" / "raw"


needs_mnist = pytest.mark.skipif(not RAW.is_dir(), reason="DATASETS_ROOT holds no MNIST/raw")


FILES = {
    "train-images-idx3-ubyte": "md5:6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "md5:a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "md5:2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "md5:27ae3e4e09519cfbb04c329615203637",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """Every connection fails at once, and downloads would go to an empty folder."""

    def refuse(*_args, **_kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def load(name: str, folder: Path | None, tmp_path: Path) -> Dataset:
    return load_dataset(name, folder=folder, download_folder=tmp_path / "downloads")


def message(name: str, folder: Path | None, tmp_path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(name, folder, tmp_path)
    return str(caught.value)


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    return load("mnist", DATASETS_ROOT, tmp_path_factory.mktemp("mnist"))


@needs_mnist
def test_mnist_has_its_published_counts_labels_and_order(mnist):
    assert mnist.images.shape == (70_000, 1, 28, 28)
    assert mnist.images.dtype == np.uint8
    assert mnist.labels[:3].tolist() == [5, 0, 4]
    assert mnist.labels[60_000:60_003].tolist() == [7, 2, 1]
    assert mnist.official_part.tolist() == ["train"] * 60_000 + ["test"] * 10_000
    assert np.bincount(mnist.labels[:60_000])[:3].tolist() == [5923, 6742, 5958]


def test_names_of_classes_are_those_of_torchvision():
    datasets = load_torchvision().datasets
    for name in ("mnist", "fashion_mnist", "kmnist"):
        assert getattr(datasets, published.PUBLISHED[name].class_name).classes == CLASSES[name]
    assert datasets.EMNIST.classes_split_dict["digits"] == CLASSES["emnist_digits"]
    # torchvision reads those of CIFAR-10 from one of its files.
    assert CLASSES["cifar10"][::9] == ["airplane", "truck"]


@needs_mnist
def test_mnist_images_lie_upright(mnist):
    # A one is taller than wide on average: its ink spreads over rows more than over columns.
    ones = mnist.images[mnist.labels == 1, 0].astype(float).mean(axis=0)
    used_rows = (ones.sum(axis=1) > ones.sum() / 100).sum()
    used_columns = (ones.sum(axis=0) > ones.sum() / 100).sum()
    assert used_rows > used_columns


@needs_mnist
def test_mnist_records_the_checksum_of_every_file(mnist):
    assert mnist.files == FILES


@pytest.fixture
def copied_mnist(tmp_path):
    """A folder with links to the real files, each of which a test may replace."""
    raw = tmp_path / "root" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        (raw / name).symlink_to(RAW / name)
    return tmp_path / "root"


@needs_mnist
def test_truncated_mnist_file_is_named_with_its_checksum(copied_mnist, tmp_path):
    path = copied_mnist / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1])
    found = message("mnist", copied_mnist, tmp_path)
    assert f"{path} is damaged" in found
    assert FILES[path.name].removeprefix("md5:") in found
    assert "DATASETS_ROOT" in found


@needs_mnist
def test_mnist_file_in_the_place_of_another_is_refused(copied_mnist, tmp_path):
    raw = copied_mnist / "MNIST" / "raw"
    (raw / "train-labels-idx1-ubyte").unlink()
    shutil.copy(RAW / "t10k-labels-idx1-ubyte", raw / "train-labels-idx1-ubyte")
    assert "train-labels-idx1-ubyte is damaged or another" in message(
        "mnist", copied_mnist, tmp_path
    )


@needs_mnist
def test_single_flipped_bit_is_found(copied_mnist, tmp_path):
    path = copied_mnist / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.unlink()
    path.write_bytes(content)
    assert f"{path} is damaged" in message("mnist", copied_mnist, tmp_path)


@needs_mnist
def test_missing_mnist_file_is_named(copied_mnist, tmp_path):
    path = copied_mnist / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.unlink()
    assert f"{path} does not exist" in message("mnist", copied_mnist, tmp_path)


@pytest.mark.parametrize(
    ("lying", "remedy"),
    [
        ("train-images-idx3-ubyte.gz", "unpack it with gunzip"),
        ("train-images.idx3-ubyte", "give it that name and place"),
        ("train-images.idx3-ubyte.gz", "unpack it with gunzip"),
        ("train-images-idx3-ubyte/train-images-idx3-ubyte", "give it that name and place"),
        ("Train-Images.IDX3-ubyte", "give it that name and place"),
    ],
)
def test_file_that_lies_there_packed_or_by_another_name_is_named(tmp_path, lying, remedy):
    raw = tmp_path / "root/MNIST/raw"
    (raw / lying).parent.mkdir(parents=True)
    (raw / lying).touch()
    (raw / "t10k-images-idx3-ubyte").touch()
    assert message("mnist", tmp_path / "root", tmp_path) == (
        f"{raw / 'train-images-idx3-ubyte'} does not exist as a file, but {raw / lying} does:"
        f" {remedy}"
    )


def test_folder_that_does_not_exist_is_named(tmp_path):
    found = message("mnist", tmp_path / "nowhere", tmp_path)
    assert "DATASETS_ROOT" in found
    assert str(tmp_path / "nowhere") in found
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("mnist", "MNIST/raw"),
        ("fashion_mnist", "FashionMNIST/raw"),
        ("kmnist", "KMNIST/raw"),
        ("emnist_digits", "EMNIST/raw"),
        ("cifar10", "cifar-10-batches-py"),
        ("cifar100", "cifar-100-python"),
    ],
)
def test_folder_without_the_data_set_names_the_place_it_belongs(tmp_path, name, place):
    (tmp_path / "root").mkdir()
    found = message(name, tmp_path / "root", tmp_path)
    assert str(tmp_path / "root" / place) in found
    assert "data.name=digits" in found
    assert list((tmp_path / "root").iterdir()) == []


def test_given_folder_is_never_downloaded_into(tmp_path):
    (tmp_path / "root" / "MNIST" / "raw").mkdir(parents=True)
    assert "train-images-idx3-ubyte does not exist" in message("mnist", tmp_path / "root", tmp_path)
    assert not (tmp_path / "downloads").exists()


@pytest.mark.parametrize(
    "name", ["mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100", "emnist_digits"]
)
def test_without_network_the_error_names_both_ways_out(tmp_path, name):
    found = message(name, None, tmp_path)
    assert name in found
    assert "DATASETS_ROOT" in found
    assert "data.name=digits" in found
    assert "\n" not in found


def test_download_without_a_home_names_the_ways_out(monkeypatch):
    monkeypatch.setattr(published, "cache_folder", lambda name: None)
    with pytest.raises(
        InputError, match=r"no home folder to download kmnist to: set XDG_CACHE_HOME"
    ):
        load_dataset("kmnist", folder=None)
    assert len(load_dataset("digits", folder=None).images) == 1797


def test_failed_download_leaves_no_file_that_passes_for_data(tmp_path):
    first = message("mnist", None, tmp_path)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []
    assert message("mnist", None, tmp_path) == first


def test_half_downloaded_file_does_not_pass_for_data(tmp_path):
    raw = tmp_path / "downloads" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        (raw / name).write_bytes(b"half")
    found = message("mnist", None, tmp_path)
    assert str(raw) in found


def idx(array: np.ndarray) -> bytes:
    """Content of an idx file of unsigned bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def write_family(folder: Path, prefixes: tuple[str, str]) -> np.ndarray:
    """Six training and two test images with labels, in the layout of MNIST; returns the images."""
    folder.mkdir(parents=True)
    images = np.arange(8 * 28 * 28, dtype=np.uint64).reshape(8, 28, 28).astype(np.uint8)
    for prefix, part in zip(prefixes, (slice(0, 6), slice(6, 8)), strict=True):
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images[part]))
        labels = np.arange(8, dtype=np.uint8)[part]
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))
    return images


@pytest.fixture
def fashion(tmp_path):
    write_family(tmp_path / "root" / "FashionMNIST" / "raw", ("train", "t10k"))
    return tmp_path / "root"


def test_file_without_a_published_checksum_says_so(fashion, tmp_path):
    found = load("fashion_mnist", fashion, tmp_path)
    assert found.official_part.tolist() == ["train"] * 6 + ["test"] * 2
    assert found.labels.tolist() == list(range(8))
    assert found.classes[:2] == ["T-shirt/top", "Trouser"]
    assert found.native_size == "28×28"
    assert set(found.files) == set(FILES)
    path = fashion / "FashionMNIST" / "raw" / "t10k-labels-idx1-ubyte"
    digest = hashlib.md5(path.read_bytes()).hexdigest()  # noqa: S324
    assert found.files[path.name] == f"md5:{digest} (no published value)"


def test_archive_with_another_checksum_is_damaged(fashion, tmp_path):
    archive = fashion / "FashionMNIST" / "raw" / "train-labels-idx1-ubyte.gz"
    archive.write_bytes(gzip.compress(b"foreign"))
    assert f"{archive} is damaged" in message("fashion_mnist", fashion, tmp_path)


def test_file_that_differs_from_its_archive_is_damaged(fashion, tmp_path, monkeypatch):
    path = fashion / "FashionMNIST" / "raw" / "train-labels-idx1-ubyte"
    archive = path.with_name(path.name + ".gz")
    archive.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()  # noqa: S324
    fashion_class = load_torchvision().datasets.FashionMNIST
    resources = [
        (name, md5 if name == archive.name else other) for name, other in fashion_class.resources
    ]
    monkeypatch.setattr(fashion_class, "resources", resources)
    assert "no published" not in load("fashion_mnist", fashion, tmp_path).files[path.name]
    path.write_bytes(path.read_bytes()[:-1] + b"\x09")
    assert f"{path} is damaged or another file" in message("fashion_mnist", fashion, tmp_path)


def test_truncated_file_without_a_checksum_cannot_be_read(fashion, tmp_path):
    path = fashion / "FashionMNIST" / "raw" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    found = message("fashion_mnist", fashion, tmp_path)
    assert "fashion_mnist" in found
    assert "DATASETS_ROOT" in found


def test_emnist_is_turned_upright(tmp_path):
    folder = tmp_path / "root" / "EMNIST" / "raw"
    stored = write_family(folder, ("emnist-digits-train", "emnist-digits-test"))
    found = load("emnist_digits", tmp_path / "root", tmp_path)
    np.testing.assert_array_equal(found.images[:, 0], stored.swapaxes(1, 2))
    assert found.images.flags.c_contiguous


CIFAR = [("cifar10", "cifar-10-batches-py/data_batch_1"), ("cifar100", "cifar-100-python/train")]


@pytest.mark.parametrize(("name", "file"), CIFAR)
def test_missing_part_of_cifar_is_named(tmp_path, name, file):
    path = tmp_path / "root" / file
    path.parent.mkdir(parents=True)
    assert f"{path} does not exist" in message(name, tmp_path / "root", tmp_path)


@pytest.mark.parametrize(("name", "file"), CIFAR)
def test_foreign_part_of_cifar_is_refused_unread(tmp_path, name, file):
    path = tmp_path / "root" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert f"{path} is damaged" in message(name, tmp_path / "root", tmp_path)


@pytest.fixture
def cifar100(tmp_path, monkeypatch):
    """CIFAR-100 of three training images and one test image, whose checksums are the published."""
    folder = tmp_path / "root" / "cifar-100-python"
    folder.mkdir(parents=True)
    pixels = np.arange(4 * 3072, dtype=np.uint64).reshape(4, 3072).astype(np.uint8)
    fine, coarse = [99, 0, 41, 41], [13, 4, 19, 19]
    content = {
        "train": {"data": pixels[:3], "fine_labels": fine[:3], "coarse_labels": coarse[:3]},
        "test": {"data": pixels[3:], "fine_labels": fine[3:], "coarse_labels": coarse[3:]},
        "meta": {"fine_label_names": CLASSES["cifar100"], "coarse_label_names": ["fish"]},
    }
    md5 = {}
    for name, values in content.items():
        (folder / name).write_bytes(pickle.dumps(values))
        md5[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()  # noqa: S324
    of_torchvision = load_torchvision().datasets.CIFAR100
    monkeypatch.setattr(of_torchvision, "train_list", [["train", md5["train"]]])
    monkeypatch.setattr(of_torchvision, "test_list", [["test", md5["test"]]])
    monkeypatch.setattr(of_torchvision, "meta", of_torchvision.meta | {"md5": md5["meta"]})
    return folder


def test_cifar100_has_its_fine_labels_and_their_names(cifar100, tmp_path):
    found = load("cifar100", cifar100.parent, tmp_path)
    assert found.images.shape == (4, 3, 32, 32)
    np.testing.assert_array_equal(found.images.reshape(-1), np.arange(4 * 3072) % 256)
    assert found.labels.tolist() == [99, 0, 41, 41]
    assert found.official_part.tolist() == ["train"] * 3 + ["test"]
    assert found.classes == CLASSES["cifar100"]
    assert set(found.files) == {"train", "test"}


def test_damaged_names_of_cifar100_are_an_error_that_says_what_to_do(cifar100, tmp_path):
    (cifar100 / "meta").write_bytes(b"foreign")
    found = message("cifar100", cifar100.parent, tmp_path)
    assert "cifar100 in" in found
    assert "unset DATASETS_ROOT to download cifar100" in found


def test_published_checksums_of_cifar100_are_those_of_its_author():
    of_torchvision = load_torchvision().datasets.CIFAR100
    listed = published._published_md5("cifar100", of_torchvision, Path(), remedy="")
    assert listed == {
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    }
