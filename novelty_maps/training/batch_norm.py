"""Batch norm's running statistics, brought up to the weights.

In training, batch norm (Ioffe & Szegedy 2015) divides by the statistics of the batch, and keeps a
moving average of them for evaluation. That average lags behind the weights: at high learning rates
so far that losses and maps in evaluation mode are those of another network. Precise batch norm (Wu
& Johnson 2021, section 3) computes the statistics anew, with the weights as they are.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import update_bn

from novelty_maps.networks.inputs import as_input, batch_of
from novelty_maps.training.loop import epoch_generator

IMAGES = 8192  # at most; Wu & Johnson find a thousand to ten thousand enough
BATCH = 1024  # images at a time, at most; fewer of large ones, as of `batch_of`, on any device
_FEWEST, _VALUES = 1024, 2**27  # of photos as many as have so many values, but at least a thousand


def calibration_images(images: Tensor, *, seed: int) -> Tensor:
    """At most 8192 of the images (N, C, H, W) in random order, so that each batch is a mixture.

    Of large ones there are fewer, down to 1024: that many of 209×209 in colour, 8192 of 73×73.

    Args:
        images: Training images, uint8.
        seed: Seed of the draw.
    """
    order = torch.randperm(len(images), generator=epoch_generator(seed, 0))
    count = max(_FEWEST, min(IMAGES, _VALUES // math.prod(images.shape[1:])))
    return images[order[:count]]


def recalibrate(network: nn.Module, images: Tensor, *, device: torch.device) -> None:
    """Replace the running statistics of all batch norm by those of these images, in place.

    They are the averages over batches of equal size of each batch's own mean and variance, in
    float32. The weights stay as they are, so that a second call changes nothing.

    Args:
        network: On the device; its mode stays as it was. One without batch norm is left alone.
        images: (N, C, H, W) uint8, at least 2, such as evaluation sees them.
        device: Where to compute.
    """
    if any(isinstance(module, _BatchNorm) for module in network.modules()):
        # The batches are part of the result, and so the same on every device.
        size = batch_of(BATCH, images.shape[1:], torch.device("cpu"))
        batches = images.tensor_split(-(-len(images) // size))
        update_bn((as_input(batch.to(device)) for batch in batches), network)


def calibration(
    batch_norm: str, images: Tensor, *, device: torch.device
) -> Callable[[nn.Module], None]:
    """What `loop.train` does with a network after each epoch's steps.

    Args:
        batch_norm: "running" leaves the moving averages of training; "precise" and "both"
            recalibrate it.
        images: As of `recalibrate`.
        device: Where to compute.
    """

    def after_steps(network: nn.Module) -> None:
        if batch_norm != "running":
            recalibrate(network, images, device=device)

    return after_steps
