"""Data sets that torchvision knows, from a folder in its layout or by download, files checked."""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.base import Dataset, size_in_words
from novelty_maps.images.layouts import PUBLISHED
from novelty_maps.machine.torchvision_import import load_torchvision
from novelty_maps.pipeline.cache import cache_folder, file_digest
from novelty_maps.pipeline.errors import InputError

# MD5 of the uncompressed files; torchvision publishes those of the .gz files only.
_MNIST_RAW_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def load_published(
    name: str, *, folder: Path | None, download_folder: Path | None = None
) -> Dataset:
    """As of `datasets.load_dataset`, for a key of `layouts.PUBLISHED`."""
    entry = PUBLISHED[name]
    dataset_class = getattr(load_torchvision().datasets, entry.class_name)
    root = folder or download_folder or _downloads(name)
    remedy = (
        f"delete {root / entry.folder} to download it again"
        if folder is None
        else f"replace the file, or unset DATASETS_ROOT to download {name}"
    )
    if folder is None:
        _download(name, dataset_class, root)
    else:
        _require_folder(name, folder)
    files = _check_files(name, dataset_class, root / entry.folder, remedy=remedy)
    try:
        parts = [dataset_class(root, train=train, **entry.arguments) for train in (True, False)]
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        raise InputError(f"{name} in {root} cannot be read ({error}): {remedy}") from None
    images = np.concatenate([_channels_first(np.asarray(part.data)) for part in parts])
    return Dataset(
        images=images.swapaxes(2, 3).copy() if entry.transposed else images,
        labels=np.concatenate([np.asarray(part.targets, np.int64) for part in parts]),
        official_part=np.repeat(["train", "test"], [len(part.data) for part in parts]),
        files=files,
        source=f"torchvision.datasets.{entry.class_name}",
        classes=list(parts[0].classes),
        native_size=size_in_words(images),
    )


def _downloads(name: str) -> Path:
    folder = cache_folder("downloads")
    if folder is None:
        raise InputError(
            f"there is no home folder to download {name} to: set XDG_CACHE_HOME to a folder, or"
            " DATASETS_ROOT to one that holds it in torchvision's layout, or use data.name=digits"
        )
    return folder


def _require_folder(name: str, folder: Path) -> None:
    files = PUBLISHED[name].folder
    if not folder.is_dir():
        raise InputError(
            f"DATASETS_ROOT is {folder}, which is no folder (seen from {Path.cwd()}):"
            f" give an absolute path, or unset it to download {name}"
        )
    if not (folder / files).is_dir():
        raise InputError(
            f"DATASETS_ROOT has no {files} ({folder / files}): put {name} there in"
            " torchvision's layout, unset DATASETS_ROOT to download it, or use data.name=digits"
        )


def _download(name: str, dataset_class: Any, root: Path) -> None:
    entry = PUBLISHED[name]
    try:
        dataset_class(root, train=True, download=True, **entry.arguments)
    except (AssertionError, ValueError) as error:
        raise InputError(
            f"{name} in {root / entry.folder} cannot be read"
            f" ({error or 'damaged files'}): delete the folder to download it again"
        ) from None
    except (RuntimeError, URLError, ConnectionError, TimeoutError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{name} could not be downloaded ({reason}): check the network, or set DATASETS_ROOT"
            " to a folder that holds it in torchvision's layout, or use data.name=digits"
        ) from None


def _check_files(name: str, dataset_class: Any, folder: Path, *, remedy: str) -> dict[str, str]:
    """Check every source file that a checksum is known for; return the checksums found."""
    found = {}
    for file_name, md5 in _published_md5(name, dataset_class, folder, remedy=remedy).items():
        path = folder / file_name
        if not path.is_file():
            raise InputError(f"{path} does not exist{_instead_of(path) or f': {remedy}'}")
        digest = file_digest(path, "md5")
        if md5 is not None and digest != md5:
            raise InputError(
                f"{path} is damaged or another file (MD5 {digest} instead of {md5}): {remedy}"
            )
        found[file_name] = f"md5:{digest}" + ("" if md5 else " (no published value)")
    return found


def _instead_of(path: Path) -> str | None:
    """What lies there in place of a file, and what to do with it: packed, or by another name."""

    def plain(file: Path) -> str:
        return file.name.lower().removesuffix(".gz").replace(".", "-")

    for file in sorted(path.parent.rglob("*")):
        if file.is_file() and plain(file) == plain(path):
            packed = file.suffix.lower() == ".gz"
            remedy = "unpack it with gunzip" if packed else "give it that name and place"
            return f" as a file, but {file} does: {remedy}"
    return None


def _published_md5(
    name: str, dataset_class: Any, folder: Path, *, remedy: str
) -> Mapping[str, str | None]:
    """MD5 that each source file must have; None where none is known.

    CIFAR and what torchvision downloads are checked by torchvision itself. Uncompressed files
    of the MNIST family are checked against their published .gz if it lies beside them, and MNIST
    against the table above.
    """
    if name in ("cifar10", "cifar100"):
        return dict(dataset_class.train_list + dataset_class.test_list)
    if name == "mnist":
        return _MNIST_RAW_MD5
    if name == "emnist_digits":
        return dict.fromkeys(
            f"emnist-digits-{part}-{kind}-ubyte"
            for part in ("train", "test")
            for kind in ("images-idx3", "labels-idx1")
        )
    return {
        archive.removesuffix(".gz"): _md5_inside(folder / archive, md5, remedy=remedy)
        for archive, md5 in dataset_class.resources
    }


def _md5_inside(archive: Path, md5: str, *, remedy: str) -> str | None:
    """MD5 of what a .gz file of known MD5 holds; None where the archive is not at hand."""
    if not archive.is_file():
        return None
    if file_digest(archive, "md5") != md5:
        raise InputError(f"{archive} is damaged (its MD5 is not {md5}): {remedy}")
    with gzip.open(archive) as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _channels_first(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
