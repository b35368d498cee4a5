"""The ground-truth mask of an image: where it is novel."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.decoding import read_image
from novelty_maps.pipeline.errors import InputError


def read_mask(path: Path, *, image: Path, size: tuple[int, int]) -> tuple[NDArray[np.bool_], str]:
    """Read the mask of an image; what is rather white than black in some channel is novel.

    Args:
        path: File of the mask.
        image: File of the image, for the error.
        size: (H, W) of the image.

    Returns:
        (H, W), True where a value is above 127; and the file's SHA-256, as of `files.read_image`.

    Raises:
        InputError: The file cannot be read, has another size than the image, or marks nothing.
    """
    pixels, digest = read_image(path)
    if pixels.shape[1:] != size:
        found, wanted = ("×".join(map(str, shape)) for shape in (pixels.shape[1:], size))
        raise InputError(
            f"{path} has {found} pixels, but its image {image} has {wanted}:"
            " make the mask as large as the image"
        )
    novel: NDArray[np.bool_] = pixels.max(axis=0) > 127
    if not novel.any():
        raise InputError(
            f"{path} marks nothing in {image}, no value in it is above 127:"
            " make what is novel white, or move image and mask away"
        )
    return novel, digest
