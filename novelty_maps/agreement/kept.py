"""The networks of a training that are compared: which epochs, and whether their terms are right."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from novelty_maps.networks.inputs import as_input, batch_of
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
        first: Number of images to look at, from the first on; of large ones a few at a time.
        boxes: (N, 4), where images are padded; there the maps are 0.

    Returns:
        Largest over these images of ‖ |d + i| − |∇L| ‖ / ‖∇L‖, where |∇L| is the maximum over
        channels; float32 rounding if all is well.
    """
    first = min(first, len(images))
    size = batch_of(first, images.shape[1:], torch.device("cpu"), gradient=True)
    real = real_pixels(None if boxes is None else boxes[:first], images.shape[2:])
    residuals = []
    for start in range(0, first, size):
        part = slice(start, min(start + size, first))
        x = as_input(torch.from_numpy(np.array(images[part]))).requires_grad_()
        (gradient,) = torch.autograd.grad(image_losses(network, x, network(x)).sum(), x)
        expected = gradient.abs().amax(dim=1).numpy()
        if real is not None:
            expected *= real[part]
        found = np.abs(maps["direct_term"][part] + maps["indirect_term"][part])
        norms = [
            np.linalg.norm(v.reshape(len(v), -1), axis=1) for v in (found - expected, expected)
        ]
        residuals.append(norms[0] / norms[1])
    return float(np.concatenate(residuals).max())
