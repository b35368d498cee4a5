"""PaDiM (Defard et al. 2021): at each place, how far a patch is from the normal ones there."""

import torch
from torch import Tensor

from novelty_maps.detectors.features import PatchFeatures, real_patches
from novelty_maps.networks.inputs import seeded_generator
from novelty_maps.pipeline.boxes import Boxes
from novelty_maps.pipeline.rows import Images

_CHANNELS = 100  # drawn of all, as in the paper for ResNet18
_RIDGE = 0.01  # of the identity, added to each covariance (equation 1)


class PaDiM:
    """Mahalanobis distance of each patch to the Gaussian of its place (equation 2).

    Sums over the training images are all that is kept of them. A place that is no padding in one of
    them or in none is taken as it is in all.

    Args:
        features: Patch features of images.
        images: Normal training images (N, C, H, W) uint8.
        boxes: (N, 4) of the images, where some are padded: only real patches count.
    """

    def __init__(self, features: PatchFeatures, images: Images, boxes: Boxes | None = None) -> None:
        self._features = features
        sums: list[Tensor] = []
        first = 0
        for batch in features.of_images(images):
            if not sums:
                order = torch.randperm(batch.shape[1], generator=seeded_generator(0, *b"padim"))
                self._channels = order[:_CHANNELS].to(batch.device)
                every = real_patches(boxes, images, batch[:1].expand(len(images), -1, -1, -1))
                real = (every | (every.sum(0) < 2)).flatten(1).T.double()  # (h·w, N)
            patches = self._places(batch).double()
            counted = patches * real[:, first : first + len(batch), None]
            found = [counted.sum(1), counted.mT @ patches]
            sums = [a.add_(b) for a, b in zip(sums, found, strict=True)] if sums else found
            first += len(batch)
        count = real.sum(1)[:, None, None]
        mean = sums[0] / count[:, 0]
        covariance = sums[1] - count * mean[:, :, None] * mean[:, None]
        covariance /= (count - 1).clamp(min=1)
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
