"""PaDiM (Defard et al. 2021): at each place, how far a patch is from the normal ones there."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from novelty_maps.detectors.features import PatchFeatures
from novelty_maps.networks.inputs import seeded_generator

_CHANNELS = 100  # drawn of all, as in the paper for ResNet18
_RIDGE = 0.01  # of the identity, added to each covariance (equation 1)


class PaDiM:
    """Mahalanobis distance of each patch to the Gaussian of its place (equation 2).

    Sums over the training images are all that is kept of them.

    Args:
        features: Patch features of images.
        images: Normal training images (N, C, H, W) uint8.
    """

    def __init__(self, features: PatchFeatures, images: NDArray[np.uint8]) -> None:
        self._features = features
        sums: list[Tensor] = []
        for batch in features.of_images(images):
            if not sums:
                order = torch.randperm(batch.shape[1], generator=seeded_generator(0, *b"padim"))
                self._channels = order[:_CHANNELS].to(batch.device)
            patches = self._places(batch).double()
            found = [patches.sum(1), patches.mT @ patches]
            sums = [a.add_(b) for a, b in zip(sums, found, strict=True)] if sums else found
        count = len(images)
        mean = sums[0] / count
        covariance = (sums[1] - count * mean[:, :, None] * mean[:, None]) / max(1, count - 1)
        identity = torch.eye(mean.shape[1], dtype=torch.float64, device=mean.device)
        factor = torch.linalg.cholesky(covariance + _RIDGE * identity)
        whitening = torch.linalg.solve_triangular(factor, identity, upper=False)
        self._mean, self._whitening = mean.float(), whitening.float()

    def __call__(self, images: Tensor) -> Tensor:
        """Distance of each patch (N, h, w) float32 of images (N, C, H, W) in [0, 1]."""
        features = self._features.of_batch(images)
        deviations = self._places(features) - self._mean[:, None]
        distances = (deviations @ self._whitening.mT).norm(dim=2)
        maps: Tensor = distances.T.reshape(len(images), *features.shape[2:])
        return maps

    def _places(self, features: Tensor) -> Tensor:
        """Drawn channels of features (N, D, h, w), place by place: (h·w, N, channels)."""
        return features[:, self._channels].flatten(2).permute(2, 0, 1)
