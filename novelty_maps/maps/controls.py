"""Controls: maps that never look at the network, which a map worth having must beat.

Adebayo et al. (2018) found explanations that were little more than edge detectors. The mask of
what is novel is the control at the other end: no map can do better.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad


def uniform(x: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Noise from [0, 1): a map that knows nothing. Shape (N, H, W).

    Args:
        x: Images (N, C, H, W).
        generators: The source of each image's noise, on the CPU.
    """
    maps = [torch.rand(x.shape[2:], generator=own, dtype=x.dtype) for own in generators]
    return torch.stack(maps).to(x.device)


def input_magnitude(x: Tensor) -> Tensor:
    """|x| of images (N, C, H, W); over channels the maximum. Shape (N, H, W)."""
    return x.abs().amax(dim=1)


def sobel(x: Tensor) -> Tensor:
    """Magnitude of the Sobel gradient of images (N, C, H, W); over channels the maximum.

    Beyond the border a pixel is the nearest one within. Shape (N, H, W).
    """
    across = x.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([across, across.T])[:, None]
    planes = pad(x.flatten(0, 1)[:, None], (1, 1, 1, 1), mode="replicate")
    magnitude = conv2d(planes, kernels).square().sum(dim=1).sqrt()
    return magnitude.view(x.shape).amax(dim=1)


def distance_to_mean(x: Tensor, mean_image: Tensor) -> Tensor:
    """|x − mean image| of images (N, C, H, W) and one (C, H, W); over channels the maximum.

    Shape (N, H, W). It is the error map of a network that reconstructs the same for every image.
    """
    return (x - mean_image).abs().amax(dim=1)


def mask(masks: Tensor) -> Tensor:
    """The masks of what is novel, (N, H, W) bool, as a map: 1 inside and 0 outside, float32."""
    return masks.to(torch.float32)
