"""Whole images as a frozen network sees them: what its classifier would read, (N, D)."""

import torch
from torch import Tensor, nn

from novelty_maps.detectors.features import BATCH, normalised
from novelty_maps.detectors.imagenet import ImageNetNetwork, imagenet_network
from novelty_maps.params.detectors import DetectorsParams


class PooledFeatures(nn.Module):
    """A whole network of ImageNet whose outputs are asked as those of other representations.

    Args:
        network: The frozen network, a whole one.
        image_size: Pixels a side that images are resized to for the network.
    """

    def __init__(self, network: ImageNetNetwork, *, image_size: int) -> None:
        super().__init__()
        self.trunk, self._size = network.trunk, (image_size, image_size)
        self.mean: Tensor
        self.std: Tensor
        for name in ("mean", "std"):
            values = torch.tensor(getattr(network, name))[:, None, None]
            self.register_buffer(name, values)

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """`z` (N, D) of images (N, C, H, W) in [0, 1], of which a few are computed at a time."""
        found = [
            self.trunk.pooled(normalised(few, self._size, self.mean, self.std))
            for few in x.split(BATCH)
        ]
        return {"z": torch.cat(found)}


def pooled_network(detectors: DetectorsParams) -> PooledFeatures:
    """The network that the section `detectors` names, in evaluation mode.

    Raises:
        InputError: As of `imagenet_network`.
    """
    network = imagenet_network(detectors, whole=True)
    return PooledFeatures(network, image_size=detectors.image_size).eval()
