"""A map laid over its image, as an RGB picture of its own."""

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

_SIDE = 256  # pixels at least, so that a small image can be looked at
_OUTLINE = (0, 255, 255)


def overlay(
    image: NDArray[np.uint8],
    map_: NDArray[np.floating],
    mask: NDArray[np.bool_],
    *,
    highest: float,
    colormap: str = "inferno",
) -> NDArray[np.uint8]:
    """The map in colour over the image in grey, the mask outlined, enlarged by a whole number.

    Args:
        image: (C, H, W), C = 1 or 3.
        map_: (H, W), not negative.
        mask: (H, W) pixels to outline.
        highest: Value at which the colours end; the higher a value up to there, the less of the
            image shows through.
        colormap: A matplotlib colour map.

    Returns:
        (H', W', 3) uint8.
    """
    strength = np.clip(map_ / highest if highest > 0 else np.zeros_like(map_), 0, 1)[..., None]
    grey = image.astype(np.float64).mean(axis=0)[..., None].repeat(3, axis=2)
    colors = 255 * colormaps[colormap](strength[..., 0])[..., :3]
    opacity = 0.75 * np.sqrt(strength)  # a weak value shows, and a strong one does not hide all
    blended = np.round((1 - opacity) * grey + opacity * colors).astype(np.uint8)
    factor = max(1, -(-_SIDE // max(map_.shape)))
    enlarged: NDArray[np.uint8] = blended.repeat(factor, axis=0).repeat(factor, axis=1)
    enlarged[_outline(mask.repeat(factor, axis=0).repeat(factor, axis=1))] = _OUTLINE
    return enlarged


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the mask with a neighbour, of four, outside it or at the picture's edge."""
    boundaries: NDArray[np.bool_] = find_boundaries(  # type: ignore[no-untyped-call]
        np.pad(mask, 1), mode="inner"
    )
    return boundaries[1:-1, 1:-1]
