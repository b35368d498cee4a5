"""Random changes of training images that leave what they show as it is."""

import torch
from torch import Generator, Tensor
from torch.nn.functional import pad

from novelty_maps.networks.inputs import BatchLoss, Forward

SHIFT = 4  # pixels, the usual padding on 32×32 images


def augmented(batch_loss: BatchLoss, augmentation: str, *, photos: bool = False) -> BatchLoss:
    """The loss of a batch whose images, its first tensor, are changed at random before.

    Args:
        batch_loss: Loss to give the changed images to.
        augmentation: "none"; "flip": with a chance of one half the mirror image; "shift", up to 4
            pixels in each direction, black pixels moving in; "shift_and_flip" does both.
        photos: Shift as `cropped` does instead.
    """
    if augmentation == "none":
        return batch_loss
    moved = cropped if photos else shifted

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, *rest = batch
        if "flip" in augmentation:
            images = flipped(images, generator)
        if "shift" in augmentation:
            images = moved(images, generator)
        return batch_loss(forward, generator, (images, *rest))

    return loss


def shifted(images: Tensor, generator: Generator) -> Tensor:
    """Each image (N, C, H, W) moved by its own −4..4 pixels down and right; same type and shape."""
    rows, columns = _window_places(images, SHIFT, generator)
    return _gathered(pad(images, (SHIFT,) * 4), rows + SHIFT, columns + SHIFT)


def cropped(images: Tensor, generator: Generator) -> Tensor:
    """A random crop of each image (N, C, H, W) after its border was continued; same type and shape.

    It is the image moved by up to an eighth of its side in each direction, the pixels of its edge
    repeated where nothing moves in, as they are in photos of an object on a background.
    """
    height, width = images.shape[2:]
    rows, columns = _window_places(images, height // 8, generator)
    return _gathered(images, rows.clamp(0, height - 1), columns.clamp(0, width - 1))


def flipped(images: Tensor, generator: Generator) -> Tensor:
    """Each image (N, C, H, W), or with a chance of one half its mirror image left to right."""
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(mirrored.to(images.device)[:, None, None, None], images.flip(3), images)


def _window_places(images: Tensor, reach: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Rows (N, H, 1) and columns (N, 1, W) of windows moved by −reach..reach from the image."""
    count, _, height, width = images.shape
    offsets = torch.randint(2 * reach + 1, (2, count, 1, 1), generator=generator)
    down, right = offsets.to(images.device) - reach
    rows = down + torch.arange(height, device=images.device)[:, None]
    return rows, right + torch.arange(width, device=images.device)


def _gathered(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels of each image at its own rows and columns."""
    each = torch.arange(len(images), device=images.device)[:, None, None]
    return images.permute(0, 2, 3, 1)[each, rows, columns].permute(0, 3, 1, 2)
