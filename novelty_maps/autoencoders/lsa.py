"""The convolutional autoencoder of Abati et al. (2019), "Latent Space Autoregression" (LSA).

It is their MNIST network without the density estimator, as Feeney & Hughes use it (section 3.2).
Parameter names are those of the published checkpoints, which therefore load.
"""

from torch import Tensor, nn

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.networks.blocks import Decoder, LeakyReLU, downsampling_block, require_divisible


class Encoder(nn.Module):
    """f: images (N, C, H, W) to latent codes (N, code_length) in (0, 1)."""

    def __init__(self, *, channels: int, image_size: int, code_length: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(downsampling_block(channels, 32), downsampling_block(32, 64))
        self.fc = nn.Sequential(
            nn.Linear(64 * (image_size // 4) ** 2, 64),
            nn.BatchNorm1d(64),
            LeakyReLU(),
            nn.Linear(64, code_length),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Latent code of each image."""
        latent: Tensor = self.fc(self.conv(x).flatten(1))
        return latent


class LsaAutoencoder(Autoencoder):
    """The LSA convolutional autoencoder; 565,296 parameters on 28×28 grey images.

    Raises:
        InputError: The side of the images is not divisible by 4.
    """

    name = "lsa"

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__(image_shape=image_shape, code_length=code_length)
        channels, side = image_shape[:2]
        require_divisible(side)
        shape = {"channels": channels, "image_size": side, "code_length": code_length}
        self.encoder = Encoder(**shape)
        self.decoder = Decoder(**shape)
