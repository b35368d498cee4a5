"""A trained network as it is asked: a copy that stays as it is, and its outputs for many images."""

from collections.abc import Callable, Iterator
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from novelty_maps.networks.inputs import MEMORY_FORMAT, as_input, batch_of
from novelty_maps.pipeline.arrays import spooled
from novelty_maps.pipeline.rows import Images


def evaluated(network: nn.Module, device: torch.device) -> nn.Module:
    """A copy of a network in evaluation mode on the device, whose weights take no gradient."""
    network = deepcopy(network).eval().requires_grad_(False)
    network.to(device=device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
    return network


@torch.no_grad()
def embed(
    network: nn.Module,
    images: Images,
    *,
    batch_size: int,
    device: torch.device,
    on_batch: Callable[[int], object] = lambda count: None,
) -> dict[str, NDArray[np.float32]]:
    """What a network's `outputs` method says of each image.

    Args:
        network: In evaluation mode; `outputs` maps images to named tensors with a row an image.
        images: (N, C, H, W) uint8.
        batch_size: Images at a time, fewer of large ones as of `batch_of`; changes nothing but
            float32 rounding.
        device: Where to compute.
        on_batch: Called with the number of images done.

    Returns:
        Name to array (N, ...), float32, memory-mapped where it is large.
    """
    network.to(device=device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
    size = batch_of(batch_size, images.shape[1:], device)

    def batches() -> Iterator[dict[str, NDArray[np.float32]]]:
        for start in range(0, len(images), size):
            batch = torch.from_numpy(np.array(images[start : start + size]))
            outputs = network.outputs(as_input(batch.to(device)))  # type: ignore[operator]
            yield {name: output.float().cpu().numpy() for name, output in outputs.items()}
            on_batch(len(batch))

    return spooled(batches())
