"""Which files a data set is read from: those of a folder, or of torchvision's layout."""

from pathlib import Path
from typing import Any, NamedTuple

from novelty_maps.images.group_table import find_table
from novelty_maps.images.listing import list_images
from novelty_maps.params.data import DataParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.outside import checksum, data_root, file_digests


class Published(NamedTuple):
    """How torchvision has a data set.

    Attributes:
        class_name: Its class in `torchvision.datasets`.
        arguments: What the class takes beside the part.
        folder: Where its files lie below the root.
        transposed: Whether rows and columns of its images are exchanged.
        files: What their names match.
    """

    class_name: str
    arguments: dict[str, Any]
    folder: str
    transposed: bool = False
    files: str = "*"


PUBLISHED = {
    "mnist": Published("MNIST", {}, "MNIST/raw"),
    "fashion_mnist": Published("FashionMNIST", {}, "FashionMNIST/raw"),
    "kmnist": Published("KMNIST", {}, "KMNIST/raw"),
    "emnist_digits": Published(
        "EMNIST", {"split": "digits"}, "EMNIST/raw", transposed=True, files="emnist-digits-*"
    ),
    "cifar10": Published("CIFAR10", {}, "cifar-10-batches-py"),
    "cifar100": Published("CIFAR100", {}, "cifar-100-python"),
}


def source_digest(data: DataParams) -> str | None:
    """Checksum of the files outside that a data set is read from, as of `outside.checksum`.

    Returns:
        Of own images, and of a published data set in DATASETS_ROOT; None for what is bundled or
        downloaded, and for files that are missing or cannot be read.
    """
    try:
        folder, files = _source_files(data)
        return checksum(folder, file_digests(folder, files)) if files else None
    except (InputError, OSError):  # the survey says why
        return None


def _source_files(data: DataParams) -> tuple[Path, list[Path]]:
    """The folder that files are read from, and the files."""
    if data.path is not None:
        folder, _, images = list_images(data.path)
        table = find_table(folder, data.groups)
        beside = [] if table is None else [table[0]]
        files = [file for image in images for file in (image.path, image.mask) if file]
        return folder, files + beside
    root, entry = data_root(), PUBLISHED.get(data.name)
    if root is None or entry is None:
        return Path(), []
    folder = root / entry.folder
    return folder, [file for file in sorted(folder.glob(entry.files)) if file.is_file()]
