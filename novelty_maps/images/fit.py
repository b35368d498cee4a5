"""Images and masks of any proportions, brought to squares of one size.

`stretch` takes both sides to the size. `pad` takes the longer side there and continues the edges of
the image around its middle: padding in any one value would have an edge of its own, to be learned
and to show in maps. `crop` takes the largest square in the middle of the image. A mask goes where
its image goes, and nothing in padding is novel.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from novelty_maps.images.resize import resize, resize_mask
from novelty_maps.pipeline.boxes import Boxes, window

Fit = Literal["stretch", "pad", "crop"]
Box = tuple[int, int, int, int]


def fit_image(pixels: NDArray[np.uint8], image_size: int, fit: Fit) -> NDArray[np.uint8]:
    """Bring an image (C, H, W) to (C, image_size, image_size)."""
    kept = pixels[(slice(None), *window(_kept(pixels.shape[1:], fit)))]
    box = box_of(pixels.shape[1:], image_size, fit)
    resized = resize(kept[None], (box[2] - box[0], box[3] - box[1]))[0]
    around = [(box[0], image_size - box[2]), (box[1], image_size - box[3])]
    return np.pad(resized, [(0, 0), *around], mode="edge") if any(map(any, around)) else resized


def fit_mask(mask: NDArray[np.bool_], image_size: int, fit: Fit) -> NDArray[np.bool_]:
    """Bring a mask (H, W) to (image_size, image_size) as its image, but by `resize_mask`."""
    box = box_of(mask.shape, image_size, fit)
    fitted = np.zeros((image_size, image_size), np.bool_)
    kept = mask[window(_kept(mask.shape, fit))]
    fitted[window(box)] = resize_mask(kept, (box[2] - box[0], box[3] - box[1]))
    return fitted


def box_of(size: tuple[int, ...], image_size: int, fit: Fit) -> Box:
    """The box that an image of this height and width fills; all of the square unless padded."""
    if fit != "pad":
        return 0, 0, image_size, image_size
    height, width = (max(1, round(length * image_size / max(size))) for length in size)
    top, left = (image_size - height) // 2, (image_size - width) // 2
    return top, left, top + height, left + width


def boxes_of_sizes(sizes: Sequence[tuple[int, ...]], image_size: int, fit: Fit) -> Boxes | None:
    """Boxes (N, 4) of images of these heights and widths; None if none of them is padded."""
    boxes = np.array([box_of(size, image_size, fit) for size in sizes], np.int64)
    whole = (0, 0, image_size, image_size)
    return boxes if (boxes != whole).any() else None


def _kept(size: tuple[int, ...], fit: Fit) -> Box:
    """The box of an image of this height and width that is not cropped away."""
    height, width = size
    if fit != "crop":
        return 0, 0, height, width
    side = min(size)
    top, left = (height - side) // 2, (width - side) // 2
    return top, left, top + side, left + side
