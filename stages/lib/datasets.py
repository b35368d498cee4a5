"""Data sets as uint8 arrays with integer labels. Nothing here turns into another data set.

The bundled digits need no network. The others come through torchvision, from a folder in its
layout if one is given and otherwise by download, and their files are checked before use.
"""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError

import numpy as np
import torch
from numpy.typing import NDArray

from stages.lib.artifacts import file_digest
from stages.lib.errors import InputError


class Dataset(NamedTuple):
    """Images with labels and where they come from.

    Attributes:
        images: (N, C, H, W) uint8, 0..255.
        labels: (N,) int64.
        official_part: (N,) "train" or "test", or "none" where the data set has no official split.
        files: Name and checksum ("md5:..." or "sha256:...") of each source file.
        source: Where the files came from.
        classes: Name of each class, in label order.
        native_size: Height×width of the source images.
        masks: (M, H, W), True where an image is novel; none where the data set has no masks.
        mask_rows: (N,) row of each image's mask, or -1; (0,) where the data set has no masks.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    official_part: NDArray[np.str_]
    files: dict[str, str]
    source: str
    classes: list[str]
    native_size: str
    masks: NDArray[np.bool_] = np.empty((0, 0, 0), np.bool_)
    mask_rows: NDArray[np.int64] = np.empty(0, np.int64)


class _Torchvision(NamedTuple):
    class_name: str
    arguments: dict[str, Any]
    folder: str
    transposed: bool = False


_TORCHVISION = {
    "mnist": _Torchvision("MNIST", {}, "MNIST/raw"),
    "fashion_mnist": _Torchvision("FashionMNIST", {}, "FashionMNIST/raw"),
    "kmnist": _Torchvision("KMNIST", {}, "KMNIST/raw"),
    "emnist_digits": _Torchvision("EMNIST", {"split": "digits"}, "EMNIST/raw", transposed=True),
    "cifar10": _Torchvision("CIFAR10", {}, "cifar-10-batches-py"),
}

# MD5 of the uncompressed files; torchvision publishes those of the .gz files only.
_MNIST_RAW_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def load_dataset(name: str, *, folder: Path | None, download_folder: Path) -> Dataset:
    """Load a data set at its native size.

    Args:
        name: "digits" or a key of the torchvision table above.
        folder: Folder in torchvision's layout to take the files from; nothing is downloaded then.
        download_folder: Where downloads are kept if no folder is given.

    Raises:
        InputError: The folder or a file is missing, a file is damaged, or there is no network.
    """
    if name == "digits":
        return _load_digits()
    return _load_torchvision(name, folder=folder, download_folder=download_folder)


def resize(images: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """Bring images (N, C, H, W) to image_size × image_size, bilinear with antialiasing."""
    if images.shape[2:] == (image_size, image_size):
        return images
    resized = np.empty((*images.shape[:2], image_size, image_size), np.uint8)
    for start in range(0, len(images), 1024):
        batch = torch.from_numpy(images[start : start + 1024]).float()
        batch = torch.nn.functional.interpolate(
            batch, size=(image_size, image_size), mode="bilinear", antialias=True
        )
        resized[start : start + 1024] = batch.round().clamp(0, 255).byte().numpy()
    return resized


def resize_mask(mask: NDArray[np.bool_], image_size: int) -> NDArray[np.bool_]:
    """Bring a mask (H, W) to image_size × image_size.

    A pixel is in the mask if any part of its area was, so that nothing in a mask vanishes, however
    thin it is. Downwards a mask therefore grows, by less than a pixel at each of its edges.
    """
    pixels = torch.from_numpy(mask[None].astype(np.float32))
    resized: NDArray[np.bool_] = (
        torch.nn.functional.adaptive_max_pool2d(pixels, image_size)[0].bool().numpy()
    )
    return resized


def _load_digits() -> Dataset:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # 17 grey levels, 0..16.
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    digest = hashlib.sha256(images.tobytes()).hexdigest()
    return Dataset(
        images=images,
        labels=bunch.target.astype(np.int64),
        official_part=np.full(len(images), "none"),
        files={"sklearn.datasets.load_digits": f"sha256:{digest}"},
        source="scikit-learn's copy of the UCI optical recognition of handwritten digits",
        classes=[str(name) for name in bunch.target_names],
        native_size=_size_of(images),
    )


def _load_torchvision(name: str, *, folder: Path | None, download_folder: Path) -> Dataset:
    from stages.lib.torchvision_import import load_torchvision

    entry = _TORCHVISION[name]
    dataset_class = getattr(load_torchvision().datasets, entry.class_name)
    root = download_folder if folder is None else folder
    remedy = (
        f"delete {root / entry.folder} to download it again"
        if folder is None
        else f"replace the file, or unset DATASETS_ROOT to download {name}"
    )
    if folder is None:
        _download(name, dataset_class, entry.arguments, root)
    elif not folder.is_dir():
        raise InputError(
            f"DATASETS_ROOT is {folder}, which is no folder (seen from {Path.cwd()}):"
            f" give an absolute path, or unset it to download {name}"
        )
    elif not (folder / entry.folder).is_dir():
        raise InputError(
            f"DATASETS_ROOT has no {entry.folder} ({folder / entry.folder}): put {name} there in"
            " torchvision's layout, unset DATASETS_ROOT to download it, or use data.name=digits"
        )
    files = _check_files(name, dataset_class, root / entry.folder, remedy=remedy)
    try:
        parts = [dataset_class(root, train=train, **entry.arguments) for train in (True, False)]
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        raise InputError(f"{name} in {root} cannot be read ({error}): {remedy}") from None
    images = np.concatenate([_channels_first(np.asarray(part.data)) for part in parts])
    labels = np.concatenate([np.asarray(part.targets, np.int64) for part in parts])
    return Dataset(
        images=images.swapaxes(2, 3).copy() if entry.transposed else images,
        labels=labels,
        official_part=np.repeat(["train", "test"], [len(part.data) for part in parts]),
        files=files,
        source=f"torchvision.datasets.{entry.class_name}",
        classes=list(parts[0].classes),
        native_size=_size_of(images),
    )


def _size_of(images: NDArray[np.uint8]) -> str:
    return "×".join(map(str, images.shape[2:]))


def _channels_first(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)


def _download(
    name: str, dataset_class: Callable[..., Any], arguments: dict[str, Any], root: Path
) -> None:
    try:
        dataset_class(root, train=True, download=True, **arguments)
    except (AssertionError, ValueError) as error:
        raise InputError(
            f"{name} in {root / _TORCHVISION[name].folder} cannot be read"
            f" ({error or 'damaged files'}): delete the folder to download it again"
        ) from None
    except (RuntimeError, URLError, ConnectionError, TimeoutError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{name} could not be downloaded ({reason}): check the network, or set DATASETS_ROOT"
            " to a folder that holds it in torchvision's layout, or use data.name=digits"
        ) from None


def _check_files(name: str, dataset_class: Any, folder: Path, *, remedy: str) -> dict[str, str]:
    """Check every source file that a checksum is known for; return the checksums found.

    CIFAR-10 and what torchvision downloads are checked by torchvision itself. Uncompressed files
    of the MNIST family are checked against their published .gz if it lies beside them, and MNIST
    against the table above.
    """
    if name == "cifar10":
        expected = dict(dataset_class.train_list + dataset_class.test_list)
    elif name == "mnist":
        expected = dict(_MNIST_RAW_MD5)
    elif name == "emnist_digits":
        expected = dict.fromkeys(
            f"emnist-digits-{part}-{kind}-ubyte"
            for part in ("train", "test")
            for kind in ("images-idx3", "labels-idx1")
        )
    else:
        expected = {
            archive.removesuffix(".gz"): _md5_inside(folder / archive, md5, remedy=remedy)
            for archive, md5 in dataset_class.resources
        }
    found = {}
    for file_name, md5 in expected.items():
        path = folder / file_name
        if not path.is_file():
            raise InputError(f"{path} does not exist: {remedy}")
        digest = file_digest(path, "md5")
        if md5 is not None and digest != md5:
            raise InputError(
                f"{path} is damaged or another file (MD5 {digest} instead of {md5}): {remedy}"
            )
        found[file_name] = f"md5:{digest}" + ("" if md5 else " (no published value)")
    return found


def _md5_inside(archive: Path, md5: str, *, remedy: str) -> str | None:
    """MD5 of what a .gz file of known MD5 holds; None where the archive is not at hand."""
    if not archive.is_file():
        return None
    if file_digest(archive, "md5") != md5:
        raise InputError(f"{archive} is damaged (its MD5 is not {md5}): {remedy}")
    with gzip.open(archive) as file:
        return hashlib.file_digest(file, "md5").hexdigest()
