"""A variational autoencoder (Kingma & Welling 2014) with a calibrated decoder.

The decoder's noise has the variance that fits best, σ² = mean squared error (Rybkin et al. 2021,
"Simple and Effective VAE Training with Calibrated Decoders", eq. 8). The weight of the divergence
then follows from the data and is no parameter.
"""

from typing import Any

import torch
from torch import Tensor, nn

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.autoencoders.losses import noisy_input
from novelty_maps.networks.blocks import Decoder, LeakyReLU, downsampling_block, require_divisible
from novelty_maps.networks.inputs import BatchLoss, Forward
from novelty_maps.networks.losses import mean_loss


class VariationalAutoencoder(Autoencoder):
    """The LSA network with a Gaussian code; its reconstruction is that of the code's mean.

    Raises:
        InputError: The side of the images is not divisible by 4.
    """

    name = "vae"

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__(image_shape=image_shape, code_length=code_length)
        channels, side = image_shape[:2]
        require_divisible(side)
        self.encoder = nn.Sequential(
            downsampling_block(channels, 32),
            downsampling_block(32, 64),
            nn.Flatten(),
            nn.Linear(64 * (side // 4) ** 2, 64),
            nn.BatchNorm1d(64),
            LeakyReLU(),
            nn.Linear(64, 2 * code_length),
        )
        self.decoder = Decoder(channels=channels, image_size=side, code_length=code_length)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the code, (N, code_length) each."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def encode(self, x: Tensor) -> Tensor:
        """Means of the codes of images, (N, code_length)."""
        return self.posterior(x)[0]

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Any:
        """Reconstruction of the code's mean; with standard normal noise, what the loss needs.

        Args:
            x: (N, C, H, W).
            noise: (N, code_length), to sample the code with.

        Returns:
            Reconstruction; with noise that of the sampled code, and the code's mean and logarithm
            of variance.
        """
        if noise is None:
            return super().forward(x)
        mean, log_variance = self.posterior(x)
        code = mean + noise * torch.exp(log_variance / 2)
        return self.decode(code), mean, log_variance

    def batch_loss(self, *, noise_std: float) -> BatchLoss:
        """MSE + 2σ²/n · KL with σ² = MSE, not differentiated; n values in an image.

        That is the gradient of log MSE + 2/n · KL, the negative evidence lower bound at the best
        σ², times MSE; so it is in the units of the other networks' loss. With `loss` ssim the mean
        of 1 − SSIM stands for the MSE.
        """

        def loss(forward: Forward, generator: torch.Generator, batch: tuple[Tensor, ...]) -> Tensor:
            x, target = noisy_input(batch[0], noise_std, generator)
            noise = torch.randn((len(x), self.code_length), generator=generator).to(x.device)
            reconstruction, mean, log_variance = forward(x, noise)
            error = mean_loss(self.loss, reconstruction, target)
            divergence = kl_divergence(mean.float(), log_variance.float()).mean()
            return error + 2 * error.detach() / target[0].numel() * divergence

        return loss


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of N(mean, exp(log_variance)) from N(0, 1), summed over the code; (N,).

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
