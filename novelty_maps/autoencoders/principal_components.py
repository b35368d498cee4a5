"""Principal component analysis as an autoencoder: the closed-form oracle.

It projects orthogonally, so that Jᵀe = 0 and the loss gradient has its direct term alone. On grey
images saliency and reconstruction error then order all pixels alike; on colour images saliency
takes the largest of the channels, and the error their mean, so that they need not.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.pipeline.errors import InputError


class PrincipalComponents(Autoencoder):
    """h(x) = μ + W Wᵀ (x − μ), the best linear autoencoder of a code length."""

    name = "pca"
    mean: Tensor
    components: Tensor

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__(image_shape=image_shape, code_length=code_length)
        self.register_buffer("mean", torch.zeros(math.prod(image_shape)))
        self.register_buffer("components", torch.zeros(code_length, math.prod(image_shape)))

    def fit(self, images: NDArray[np.uint8]) -> None:
        """Find μ and the leading components of images (N, C, H, W).

        Raises:
            InputError: There are fewer images or values than components.
        """
        from sklearn.decomposition import PCA

        values = images.reshape(len(images), -1).astype(np.float64) / 255
        self.require_components(len(images))
        solver = "covariance_eigh" if values.shape[0] > values.shape[1] else "full"
        found = PCA(self.code_length, svd_solver=solver).fit(values)
        self.load_state_dict(
            self.state_dict()
            | {
                "mean": torch.from_numpy(found.mean_).float(),
                "components": torch.from_numpy(found.components_).float(),
            }
        )

    def require_components(self, count: int) -> None:
        """Raise InputError unless so many images have enough components."""
        length, values = self.components.shape
        if length > min(count, values):
            raise InputError(
                f"train.code_length is {length}, but {count} images of {values} values have no"
                f" more than {min(count, values)} components: lower it"
            )

    def encode(self, x: Tensor) -> Tensor:
        """Coordinates of images along the components, (N, code_length)."""
        return (x.flatten(1) - self.mean) @ self.components.T

    def decode(self, z: Tensor) -> Tensor:
        """Points of the principal subspace, as images."""
        images: Tensor = (self.mean + z @ self.components).unflatten(1, self.image_shape)
        return images
