"""A folder of own images as a data set, each image and mask brought to one size as it is read."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.base import Dataset
from novelty_maps.images.decoding import read_picture
from novelty_maps.images.fit import Fit, boxes_of_sizes, fit_image, fit_mask
from novelty_maps.images.listing import Listing, as_text
from novelty_maps.images.masks import read_mask
from novelty_maps.pipeline.arrays import Spool
from novelty_maps.pipeline.outside import checksum


def load_folder(listing: Listing, image_size: int, fit: Fit = "stretch") -> Dataset:
    """Read the images of a folder, and the masks of those that have one.

    Images of the size asked for are taken as they are; others are brought to it by `fit`, and masks
    with them. They have one channel if every file is grey, and are RGB otherwise. A mask that is
    cropped away is left out; its image stays what it is.

    Args:
        listing: What the folder holds, as of `list_images`.
        image_size: Side length in pixels.
        fit: What becomes of images that are not square.

    Returns:
        The data set; images (N, C, image_size, image_size) in the order of the listing, and masks
        (M, image_size, image_size) in the same order, both on disk. Its one checksum is the SHA-256
        of what `sha256sum` prints for the images and masks, sorted by their names in the folder.

    Raises:
        InputError: An image or a mask cannot be used.
    """
    from tqdm import tqdm

    folder, classes, files = listing
    images = Spool((1, image_size, image_size), np.uint8)
    masks = Spool((image_size, image_size), np.bool_)
    mask_rows = np.full(len(files), -1, np.int64)
    digests: dict[Path, str] = {}
    sizes: list[tuple[int, int]] = []
    turned: list[Path] = []
    emptied: list[Path] = []
    with tqdm(files, unit="img", mininterval=0.5 if sys.stderr.isatty() else 10) as bar:
        for row, file in enumerate(bar):
            picture, digests[file.path] = read_picture(file.path)
            sizes.append((picture.pixels.shape[1], picture.pixels.shape[2]))
            if file.mask is not None:
                mask = read_mask(file.mask, image=file.path, picture=picture)
                digests[file.mask] = mask.digest
                turned += [file.path] * mask.may_be_turned
                fitted = fit_mask(mask.novel, image_size, fit)
                if fitted.any():
                    mask_rows[row] = masks.append(fitted)
                else:
                    emptied.append(file.mask)
            images = _with_image(images, fit_image(picture.pixels, image_size, fit))
    _say(turned, emptied)
    return Dataset(
        images=images.array(),
        labels=np.array([file.label for file in files], np.int64),
        official_part=np.array([file.official_part for file in files]),
        files={as_text(folder.resolve().name): f"sha256:{checksum(folder, digests)}"},
        source="images of a folder",
        classes=classes,
        native_size=_describe_sizes(set(sizes)),
        masks=masks.array(),
        mask_rows=mask_rows,
        boxes=boxes_of_sizes(sizes, image_size, fit),
    )


def _with_image(images: Spool, image: NDArray[np.uint8]) -> Spool:
    """The images with one more; from the first in colour on, all have three channels."""
    channels, height, width = images.row_shape
    if len(image) > channels:
        grey, images = images, Spool((len(image), height, width), np.uint8)
        for earlier in grey.array():
            images.append(np.repeat(earlier, len(image), axis=0))
    images.append(np.broadcast_to(image, images.row_shape))
    return images


def _say(turned: Sequence[Path], emptied: Sequence[Path]) -> None:
    """Say which masks may not be what they look like, and which show nothing any more."""
    if turned:
        print(
            f"EXIF turns {len(turned)} of the images with a mask, such as {turned[0]}: their masks"
            " are taken as drawn on the turned image",
            file=sys.stderr,
        )
    if emptied:
        print(
            f"data.fit crop leaves nothing of {len(emptied)} masks, such as {emptied[0]}: their"
            " images stay novel, without a mask",
            file=sys.stderr,
        )


def _describe_sizes(sizes: set[tuple[int, int]]) -> str:
    """Height×width of images; of the smallest and the largest if they differ."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    ends = dict.fromkeys((ordered[0], ordered[-1]))
    return " to ".join(f"{height}×{width}" for height, width in ends)
