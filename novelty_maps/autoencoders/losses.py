"""Losses of an autoencoder: in training, with or without noise on the input, and in validation."""

import torch
from torch import Tensor, nn

from novelty_maps.networks.inputs import BatchLoss, Forward, ValidationLoss, as_input, batch_of
from novelty_maps.networks.losses import loss_name, mean_loss


def noisy_input(
    images: Tensor, noise_std: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Input and target of an autoencoder; they differ for a denoising one (Vincent et al. 2008).

    Args:
        images: (N, C, H, W) uint8.
        noise_std: Standard deviation of Gaussian noise added to the input and not to the target,
            in units of the pixel range; the sum is clamped to [0, 1], as an image is.
        generator: Source of the noise, on the CPU.
    """
    target = as_input(images)
    if not noise_std:
        return target, target
    noise = torch.randn(target.shape, generator=generator)
    return (target + noise_std * noise.to(target.device)).clamp(0, 1), target


def reconstruction_loss(noise_std: float, name: str = "mse") -> BatchLoss:
    """Training loss of an autoencoder, averaged over the batch.

    Args:
        noise_std: As of `noisy_input`.
        name: As of `mean_loss`.
    """

    def loss(forward: Forward, generator: torch.Generator, batch: tuple[Tensor, ...]) -> Tensor:
        x, target = noisy_input(batch[0], noise_std, generator)
        return mean_loss(name, forward(x), target)

    return loss


def mean_reconstruction_loss(
    images: Tensor, *, batch_size: int, device: torch.device
) -> ValidationLoss:
    """Validation loss of an autoencoder: its own loss, over all images, in float32, no noise.

    Args:
        images: (N, C, H, W) uint8.
        batch_size: Images at a time, fewer of large ones as of `batch_of`.
        device: Where to compute.
    """
    size = batch_of(batch_size, images.shape[1:], device)

    @torch.no_grad()
    def loss(network: nn.Module) -> float:
        total = 0.0
        for batch in images.split(size):
            x = as_input(batch.to(device))
            total += float(mean_loss(loss_name(network), network(x), x)) * len(batch)
        return total / len(images)

    return loss
