"""A folder of own images as a data set, each image and mask brought to one size as it is read."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from novelty_maps.images.base import Dataset
from novelty_maps.images.decoding import read_image
from novelty_maps.images.listing import list_images
from novelty_maps.images.masks import read_mask
from novelty_maps.images.resize import resize, resize_mask


def load_folder(path: str, image_size: int) -> Dataset:
    """Read the images of a folder, and the masks of those that have one.

    Images of the size asked for are taken as they are; others are resized by `resize`, and lose
    their proportions if they are not square. They have one channel if every file is grey, and are
    RGB otherwise. Masks are resized by `resize_mask`.

    Args:
        path: The folder, in one of the layouts of `listing`.
        image_size: Side length in pixels.

    Returns:
        The data set; images (N, C, image_size, image_size) in the order of `list_images`, and masks
        (M, image_size, image_size) in the same order. Its one checksum is the SHA-256 of what
        `sha256sum` prints for the images and masks, sorted by their names in the folder.

    Raises:
        InputError: As of `list_images`; or an image or a mask cannot be used.
    """
    from tqdm import tqdm

    folder, classes, files = list_images(path)
    images = np.empty((len(files), 1, image_size, image_size), np.uint8)
    with_mask = np.array([file.mask is not None for file in files])
    masks = np.empty((with_mask.sum(), image_size, image_size), np.bool_)
    mask_rows = np.where(with_mask, with_mask.cumsum() - 1, -1)
    digests: dict[Path, str] = {}
    sizes: set[tuple[int, int]] = set()
    with tqdm(files, unit="img", mininterval=0.5 if sys.stderr.isatty() else 10) as bar:
        for row, file in enumerate(bar):
            pixels, digests[file.path] = read_image(file.path)
            size = (pixels.shape[1], pixels.shape[2])
            sizes.add(size)
            if file.mask is not None:
                mask, digests[file.mask] = read_mask(file.mask, image=file.path, size=size)
                masks[mask_rows[row]] = resize_mask(mask, image_size)
            if len(pixels) > images.shape[1]:  # the first image in colour
                images = np.repeat(images, len(pixels), axis=1)
            images[row] = resize(pixels[None], image_size)[0]
    return Dataset(
        images=images,
        labels=np.array([file.label for file in files], np.int64),
        official_part=np.array([file.official_part for file in files]),
        files={folder.resolve().name: f"sha256:{_checksum(folder, digests)}"},
        source="images of a folder",
        classes=classes,
        native_size=_describe_sizes(sizes),
        masks=masks,
        mask_rows=mask_rows,
    )


def _describe_sizes(sizes: set[tuple[int, int]]) -> str:
    """Height×width of images; of the smallest and the largest if they differ."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    ends = dict.fromkeys((ordered[0], ordered[-1]))
    return " to ".join(f"{height}×{width}" for height, width in ends)


def _checksum(folder: Path, digests: Mapping[Path, str]) -> str:
    """SHA-256 of the lines of `sha256sum`, so of names in the folder and contents alone."""
    lines = sorted(
        (os.fsencode(path.relative_to(folder).as_posix()), digest.encode())
        for path, digest in digests.items()
    )
    return hashlib.sha256(
        b"".join(b"%b  %b\n" % (digest, name) for name, digest in lines)
    ).hexdigest()
