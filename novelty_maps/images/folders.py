"""A folder of own images as a data set, each image and mask brought to one size as it is read."""

import sys
from pathlib import Path

import numpy as np

from novelty_maps.images.base import Dataset
from novelty_maps.images.decoding import read_picture
from novelty_maps.images.listing import as_text, list_images
from novelty_maps.images.masks import read_mask
from novelty_maps.images.resize import resize, resize_mask
from novelty_maps.pipeline.outside import checksum


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
    turned: list[Path] = []
    with tqdm(files, unit="img", mininterval=0.5 if sys.stderr.isatty() else 10) as bar:
        for row, file in enumerate(bar):
            picture, digests[file.path] = read_picture(file.path)
            pixels = picture.pixels
            sizes.add((pixels.shape[1], pixels.shape[2]))
            if file.mask is not None:
                mask = read_mask(file.mask, image=file.path, picture=picture)
                digests[file.mask] = mask.digest
                masks[mask_rows[row]] = resize_mask(mask.novel, image_size)
                turned += [file.path] * mask.may_be_turned
            if len(pixels) > images.shape[1]:  # the first image in colour
                images = np.repeat(images, len(pixels), axis=1)
            images[row] = resize(pixels[None], image_size)[0]
    if turned:
        print(
            f"EXIF turns {len(turned)} of the images with a mask, such as {turned[0]}: their masks"
            " are taken as drawn on the turned image",
            file=sys.stderr,
        )
    return Dataset(
        images=images,
        labels=np.array([file.label for file in files], np.int64),
        official_part=np.array([file.official_part for file in files]),
        files={as_text(folder.resolve().name): f"sha256:{checksum(folder, digests)}"},
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
