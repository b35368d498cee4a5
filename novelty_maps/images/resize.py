"""Images and masks of any size, brought to one size; PyTorch is imported once that is asked for."""

import numpy as np
from numpy.typing import NDArray


def resize(images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring images (N, C, H, W) to a height and width, bilinear with antialiasing."""
    if images.shape[2:] == size:
        return images
    import torch

    resized = np.empty((*images.shape[:2], *size), np.uint8)
    for start in range(0, len(images), 1024):
        batch = torch.from_numpy(images[start : start + 1024]).float()
        batch = torch.nn.functional.interpolate(batch, size=size, mode="bilinear", antialias=True)
        resized[start : start + 1024] = batch.round().clamp(0, 255).byte().numpy()
    return resized


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
