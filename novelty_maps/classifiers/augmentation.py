"""Random changes of training images that leave their class as it is."""

import torch
from torch import Generator, Tensor
from torch.nn.functional import pad

from novelty_maps.networks.inputs import BatchLoss, Forward

SHIFT = 4  # pixels, the usual padding on 32×32 images


def augmented(batch_loss: BatchLoss, augmentation: str) -> BatchLoss:
    """The loss of a batch whose images, its first tensor, are changed at random before.

    Args:
        batch_loss: Loss to give the changed images to.
        augmentation: "none"; "shift" by up to 4 pixels in each direction, black pixels moving in;
            "shift_and_flip": with a chance of one half the mirror image too.
    """
    if augmentation == "none":
        return batch_loss

    def loss(forward: Forward, generator: Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, *rest = batch
        if augmentation == "shift_and_flip":
            images = flipped(images, generator)
        return batch_loss(forward, generator, (shifted(images, generator), *rest))

    return loss


def shifted(images: Tensor, generator: Generator) -> Tensor:
    """Each image (N, C, H, W) moved by its own −4..4 pixels down and right; same type and shape."""
    count, _, height, width = images.shape
    offsets = torch.randint(2 * SHIFT + 1, (2, count, 1, 1), generator=generator)
    down, right = offsets.to(images.device)
    rows = down + torch.arange(height, device=images.device)[:, None]
    columns = right + torch.arange(width, device=images.device)
    padded = pad(images, (SHIFT,) * 4).permute(0, 2, 3, 1)
    each = torch.arange(count, device=images.device)[:, None, None]
    return padded[each, rows, columns].permute(0, 3, 1, 2)


def flipped(images: Tensor, generator: Generator) -> Tensor:
    """Each image (N, C, H, W), or with a chance of one half its mirror image left to right."""
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(mirrored.to(images.device)[:, None, None, None], images.flip(3), images)
