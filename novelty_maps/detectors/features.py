"""Patch features: what a frozen network says of each place of an image and its neighbours."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from novelty_maps.detectors.imagenet import ImageNetNetwork
from novelty_maps.networks.inputs import as_input
from novelty_maps.networks.outputs import evaluated
from novelty_maps.pipeline.boxes import Boxes
from novelty_maps.pipeline.rows import Images

BATCH = 8  # images at a time: of many more, a network for photos takes gigabytes
_SCALED_ON = 64  # training images, at most


def normalised(images: Tensor, size: tuple[int, int], mean: Tensor, std: Tensor) -> Tensor:
    """Images as a network of ImageNet takes them, (N, 3, *size).

    Args:
        images: (N, C, H, W) float32 in [0, 1]; one channel is taken three times.
        size: Height and width that they are resized to, bilinear with antialiasing.
        mean: (3, 1, 1), subtracted.
        std: (3, 1, 1), divided by.
    """
    resized = functional.interpolate(images, size, mode="bilinear", antialias=True)
    return (resized.expand(-1, 3, -1, -1) - mean) / std


class PatchFeatures:
    """Images to features of overlapping patches (Roth et al. 2022, section 3.1).

    The features of each of the two depths are divided by their mean norm on normal training images,
    so that both count alike.

    Args:
        network: The frozen network.
        images: Normal training images (N, C, H, W) uint8.
        image_size: Pixels a side that images are resized to for the network.
        device: Where to compute.
        boxes: (N, 4) of the images, where some are padded: norms are those of real patches.
    """

    def __init__(
        self,
        network: ImageNetNetwork,
        images: Images,
        *,
        image_size: int,
        device: torch.device,
        boxes: Boxes | None = None,
    ) -> None:
        self._size, self._device = (image_size, image_size), device
        self._trunk = evaluated(network.trunk, device)
        self._mean, self._std = (
            torch.tensor(values, device=device)[:, None, None]
            for values in (network.mean, network.std)
        )
        some = slice(None, None, -(-len(images) // _SCALED_ON))
        found = [
            [features.norm(dim=1) for features in self._depths(batch)]
            for batch in self._batches(images[some])
        ]
        own = None if boxes is None else boxes[some]
        depths = [torch.cat(depth) for depth in zip(*found, strict=True)]
        self._norms = [depth[real_patches(own, images, depth)].mean() for depth in depths]

    def of_batch(self, images: Tensor) -> Tensor:
        """Features of each place, (N, D, h, w) float32, on the grid of the finer depth.

        Args:
            images: (N, C, H, W) float32 in [0, 1]; one channel is taken three times.
        """
        return torch.cat(
            [
                features / norm
                for features, norm in zip(self._depths(images), self._norms, strict=True)
            ],
            dim=1,
        )

    def of_images(self, images: Images) -> Iterator[Tensor]:
        """Features of images (N, C, H, W) uint8, of a few images at a time."""
        return map(self.of_batch, self._batches(images))

    def _batches(self, images: Images) -> Iterator[Tensor]:
        for start in range(0, len(images), BATCH):
            batch = torch.from_numpy(np.array(images[start : start + BATCH]))
            yield as_input(batch.to(self._device))

    @torch.no_grad()
    def _depths(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Means over the 3×3 neighbours that are there, of both depths on one grid."""
        finer, coarser = (
            functional.avg_pool2d(features, 3, stride=1, padding=1, count_include_pad=False)
            for features in self._trunk(normalised(images, self._size, self._mean, self._std))
        )
        return finer, functional.interpolate(coarser, finer.shape[-2:], mode="bilinear")


def real_patches(boxes: Boxes | None, images: Images | Tensor, features: Tensor) -> Tensor:
    """The patches of images whose centre is no padding.

    Args:
        boxes: (N, 4), where some are padded.
        images: (…, H, W), which the boxes are of.
        features: (n, …, h, w), of which number, grid and device are taken.

    Returns:
        (N, h, w) bool; (n, h, w), all True, without boxes.
    """
    grid = features.shape[-2:]
    if boxes is None:
        return torch.ones((len(features), *grid), dtype=torch.bool, device=features.device)
    down, across = (
        (np.arange(count) + 0.5) * side / count
        for count, side in zip(grid, images.shape[-2:], strict=True)
    )
    top, left, bottom, right = (edge[:, None] for edge in boxes.T)
    rows, columns = (top <= down) & (down < bottom), (left <= across) & (across < right)
    return torch.from_numpy(rows[:, :, None] & columns[:, None]).to(features.device)
