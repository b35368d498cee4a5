"""Images and masks of any size, brought to one size; PyTorch is imported once that is asked for."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_BATCH = 1024  # images at a time; bounds memory, changes no result


def resize(images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring images (N, C, H, W) to a height and width, bilinear with antialiasing."""
    if images.shape[2:] == size:
        return images
    return np.concatenate([*resized(images, size)])


def resized(images: NDArray[np.uint8], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """What `resize` makes of images, a batch at a time."""
    for start in range(0, len(images), _BATCH):
        few = images[start : start + _BATCH]
        if images.shape[2:] != size:
            import torch

            batch = torch.from_numpy(few).float()
            batch = torch.nn.functional.interpolate(
                batch, size=size, mode="bilinear", antialias=True
            )
            few = batch.round().clamp(0, 255).byte().numpy()
        yield few


def resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Bring a mask (H, W) to a height and width.

    A pixel is in the mask if any part of its area was, so that nothing in a mask vanishes, however
    thin it is. Downwards a mask therefore grows, by less than a pixel at each of its edges.
    """
    import torch

    pixels = torch.from_numpy(mask[None].astype(np.float32))
    resized: NDArray[np.bool_] = (
        torch.nn.functional.adaptive_max_pool2d(pixels, size)[0].bool().numpy()
    )
    return resized
