"""Attributions of an image's reconstruction loss to its pixels, beyond the plain gradient.

All explain L, the loss that the network is trained by (the mean squared error of eq. 2 of Feeney &
Hughes, or 1 − SSIM), with the image in both its roles: as the network's input and as its target.
What Captum (Kokhlikyan et al. 2020) has is Captum's.
"""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from novelty_maps.maps.loss_gradient import loss_gradient
from novelty_maps.networks.losses import image_losses

NOISE_STD = 0.15  # of SmoothGrad, in units of the pixel range; within the paper's 10% to 20%
NOISY_COPIES = 25
STEPS = 32  # of the Gauss-Legendre rule along the path of integrated gradients


class ReconstructionLoss(nn.Module):
    """L of each image, the output that is explained.

    Args:
        network: Autoencoder in evaluation mode; each image's reconstruction must depend on that
            image alone.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) to their losses (N,)."""
        return image_losses(self.network, x, self.network(x))


def magnitude(attribution: Tensor) -> Tensor:
    """The map of a signed attribution (N, C, H, W): the largest |value| over channels, (N, H, W).

    This is what eq. 3 of Feeney & Hughes does with the gradient.
    """
    return attribution.abs().amax(dim=1)


def smoothgrad(network: nn.Module, x: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """SmoothGrad (Smilkov et al. 2017): mean of the signed ∇L over noisy copies of the image.

    Args:
        network: As of `ReconstructionLoss`.
        x: (N, C, H, W), floating point in [0, 1]. A noisy copy is both input and target.
        generators: The source of each image's noise, on the CPU.

    Returns:
        Signed attributions (N, C, H, W).
    """
    total = torch.zeros_like(x)
    for _ in range(NOISY_COPIES):
        noise = torch.stack(
            [torch.randn(x.shape[1:], generator=own, dtype=x.dtype) for own in generators]
        )
        total += loss_gradient(network, x + NOISE_STD * noise.to(x.device)).gradient
    return total / NOISY_COPIES


def integrated_gradients(network: nn.Module, x: Tensor, baseline: Tensor) -> Tensor:
    """Integrated gradients (Sundararajan et al. 2017) from a baseline to the image.

    Each image's attributions add up to L(x) − L(baseline), but for the error of the quadrature.
    The steps are computed one after the other, so that memory is that of a single gradient.

    Args:
        network: As of `ReconstructionLoss`.
        x: (N, C, H, W), floating point in [0, 1].
        baseline: Where the path begins, of the shape of x or one that broadcasts to it.

    Returns:
        Signed attributions (N, C, H, W).
    """
    from captum.attr import IntegratedGradients

    attribution: Tensor = IntegratedGradients(ReconstructionLoss(network)).attribute(
        x, baseline.expand_as(x), n_steps=STEPS, internal_batch_size=len(x)
    )
    return attribution


def guided_backpropagation(network: nn.Module, x: Tensor) -> Tensor:
    """Guided backpropagation (Springenberg et al. 2015): ReLUs pass positive gradients only.

    Captum finds activations that are modules of `nn.ReLU` or a subclass and leaves all others
    alone. For a network without any the result is therefore ∇L. The direct term meets no
    activation and stays as it is.

    Args:
        network: As of `ReconstructionLoss`; Captum's hooks are removed from it afterwards.
        x: (N, C, H, W), floating point in [0, 1].

    Returns:
        Signed attributions (N, C, H, W).
    """
    from captum.attr import GuidedBackprop

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting backward hooks on ReLU activations")
        attribution: Tensor = GuidedBackprop(ReconstructionLoss(network)).attribute(
            x.detach().requires_grad_()
        )
    return attribution.detach()


def occlusion(network: nn.Module, x: Tensor, baseline: Tensor) -> Tensor:
    """Occlusion (Zeiler & Fergus 2014): by how much L falls when a window is replaced.

    The window is a seventh of the side, spans all channels, and moves by half its size. A pixel
    has the mean over the windows that cover it. Only the positive part is kept: where L falls,
    something novel went away; where it rises, something normal did, which is no evidence of
    novelty.

    Args:
        network: As of `ReconstructionLoss`.
        x: (N, C, H, W), floating point in [0, 1].
        baseline: What windows are replaced by, (C, H, W).

    Returns:
        Map (N, H, W) float32, 0 or more.
    """
    from captum.attr import Occlusion

    channels, *sides = x.shape[1:]
    window = [max(1, side // 7) for side in sides]
    attribution: Tensor = Occlusion(ReconstructionLoss(network)).attribute(
        x,
        sliding_window_shapes=(channels, *window),
        strides=(channels, *(max(1, side // 2) for side in window)),
        baselines=baseline[None],
    )
    return attribution[:, 0].clamp(min=0)
