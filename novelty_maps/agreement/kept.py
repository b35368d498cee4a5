"""The networks of a training that are compared: which epochs, and whether their terms are right."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from novelty_maps.networks.inputs import as_input
from novelty_maps.networks.losses import image_losses
from novelty_maps.pipeline.boxes import Boxes, real_pixels
from novelty_maps.pipeline.rows import Images


def epochs_to_evaluate(keep_epochs: list[int], *, last: int, best: int) -> list[int]:
    """The kept epochs that training reached, and the epoch whose weights are the result.

    Args:
        keep_epochs: Epochs asked for.
        last: Epochs that were trained.
        best: Epoch with the lowest validation loss, 0 for weights that were not trained here.
    """
    return sorted({epoch for epoch in keep_epochs if epoch <= last} | {best})


def gradient_residual(
    network: nn.Module,
    images: Images,
    maps: Mapping[str, NDArray[np.float32]],
    *,
    first: int,
    boxes: Boxes | None = None,
) -> float:
    """How far the two terms are from adding up to the gradient that autograd finds by itself.

    Autograd differentiates the loss of the network with the image in both its roles.

    Args:
        network: Autoencoder on the CPU, in evaluation mode.
        images: (N, C, H, W) uint8.
        maps: direct_term and indirect_term of the images, (N, H, W) float32.
        first: Number of images to look at, from the first on.
        boxes: (N, 4), where images are padded; there the maps are 0.

    Returns:
        Largest over these images of ‖ |d + i| − |∇L| ‖ / ‖∇L‖, where |∇L| is the maximum over
        channels; float32 rounding if all is well.
    """
    x = as_input(torch.from_numpy(np.array(images[:first]))).requires_grad_()
    loss = image_losses(network, x, network(x)).sum()
    (gradient,) = torch.autograd.grad(loss, x)
    expected = gradient.abs().amax(dim=1).numpy()
    real = real_pixels(None if boxes is None else boxes[:first], images.shape[2:])
    if real is not None:
        expected *= real
    found = np.abs(maps["direct_term"][:first] + maps["indirect_term"][:first])
    norms = [np.linalg.norm(v.reshape(len(v), -1), axis=1) for v in (found - expected, expected)]
    return float((norms[0] / norms[1]).max())
