"""The data set that the section `data` asks for. Nothing here turns into another one."""

import hashlib
from pathlib import Path

import numpy as np

from novelty_maps.images.base import Dataset, size_in_words
from novelty_maps.images.folders import load_folder
from novelty_maps.images.group_table import read_groups
from novelty_maps.images.listing import list_images
from novelty_maps.params.data import DataParams
from novelty_maps.pipeline.outside import data_root


def load(data: DataParams) -> Dataset:
    """Load a folder of own images, or a data set by its name from `outside.data_root`.

    Raises:
        InputError: As of `list_images`, `read_groups`, `load_folder` and `load_dataset`.
    """
    if data.path is not None:
        listing = list_images(data.path)
        groups = read_groups(listing.folder, [file.path for file in listing.files], data.groups)
        dataset = load_folder(listing, data.image_size, data.fit)
        return dataset._replace(
            groups=groups.numbers, group_names=groups.names, files=dataset.files | groups.table
        )
    return load_dataset(data.name, folder=data_root())


def load_dataset(name: str, *, folder: Path | None, download_folder: Path | None = None) -> Dataset:
    """Load a data set at its native size.

    Args:
        name: "digits", which are bundled, or a key of `layouts.PUBLISHED`.
        folder: Folder in torchvision's layout to take the files from; nothing is downloaded then.
        download_folder: Where downloads are kept if no folder is given; by default in the cache.

    Raises:
        InputError: The folder or a file is missing, a file is damaged, or there is no network or
            no place for a download.
    """
    if name == "digits":
        return _load_digits()
    from novelty_maps.images.published import load_published  # imports PyTorch

    return load_published(name, folder=folder, download_folder=download_folder)


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
        native_size=size_in_words(images),
    )
