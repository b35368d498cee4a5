"""The ground-truth mask of an image: where it is novel."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.decoding import read_picture
from novelty_maps.images.picture import Picture
from novelty_maps.pipeline.errors import InputError

_REMEDY = "make what is novel white (255) and everything else black (0)"


class Mask(NamedTuple):
    """Where an image is novel.

    Attributes:
        novel: (H, W), True where it is.
        digest: SHA-256 of the file in hexadecimal.
        may_be_turned: Whether the mask would fit its image as it is stored too, which is another
            than the image that EXIF turns.
    """

    novel: NDArray[np.bool_]
    digest: str
    may_be_turned: bool


def read_mask(path: Path, *, image: Path, picture: Picture) -> Mask:
    """Read the mask of an image; what is rather white than black in some channel is novel.

    What alpha makes transparent is black. Where nothing was lost in compression, only one level
    may be 127 or less: any other may be novel as well, of a second label or a soft edge. But where
    all are, without alpha, they are labels, of kinds of defect as in VisA: all above 0 are novel.

    Args:
        path: File of the mask.
        image: File of the image, for the error.
        picture: The image.

    Raises:
        InputError: The file cannot be read, has another size than the image, marks nothing or
            everything, or has two levels or more up to 127 beside those above.
    """
    mask, digest = read_picture(path, alpha=True)
    _require_size(path, mask, image=image, picture=picture)
    levels = _levels(mask)
    labels = not mask.lossy and mask.alpha is None and levels.min() == 0 and levels.max() <= 127
    novel: NDArray[np.bool_] = levels > (0 if labels else 127)
    if novel.all() or not novel.any():
        marked, values = ("all of", "every") if novel.all() else ("nothing in", "no")
        raise InputError(
            f"{path} marks {marked} {image}, {values} value in it is above 127: {_REMEDY}, or move"
            " image and mask away"
        )
    if not (mask.lossy or labels) and len(np.unique(levels[~novel])) > 1:
        raise InputError(
            f"{path} has the levels {_named(np.unique(levels))}, so that it is not clear which are"
            f" novel: {_REMEDY}"
        )
    sides_tell = picture.orientation >= 5 and levels.shape[0] != levels.shape[1]
    return Mask(novel, digest, picture.orientation not in (1, mask.orientation) and not sides_tell)


def _require_size(path: Path, mask: Picture, *, image: Path, picture: Picture) -> None:
    size, wanted = mask.pixels.shape[1:], picture.pixels.shape[1:]
    if size == wanted:
        return
    how, remedy = "", "make the mask as large as the image"
    if picture.orientation >= 5 and size == wanted[::-1]:
        how = ", turned as its EXIF says"
        remedy = "turn the mask too, or remove the orientation from the image"
    raise InputError(
        f"{path} has {size[0]}×{size[1]} pixels, but its image {image} has"
        f" {wanted[0]}×{wanted[1]}{how}: {remedy}"
    )


def _levels(mask: Picture) -> NDArray[np.uint8]:
    """The highest channel, (H, W), black where it is transparent."""
    levels: NDArray[np.uint8] = mask.pixels.max(axis=0)
    alpha = mask.alpha
    if alpha is None or alpha.min() == alpha.max():  # the same everywhere tells nothing
        return levels
    return np.round(levels * (alpha / 255)).astype(np.uint8)


def _named(levels: NDArray[np.uint8]) -> str:
    """The levels, or the ends of a long list."""
    if len(levels) <= 8:
        return ", ".join(map(str, levels))
    return f"{', '.join(map(str, levels[:4]))}, …, {levels[-1]} ({len(levels)} in all)"
