"""The gradient of the reconstruction loss in two terms, and the maps that are arithmetic on it.

All come from one forward and one backward pass. With e = x − h(x), n values in an image and J the
Jacobian of h at x, the gradient of the reconstruction loss L (eq. 2 of Feeney & Hughes) is

    ∇L = (2/n) (I − J)ᵀ e = 2e/n − (2/n) Jᵀe,

a direct term through x as the target and an indirect term through x as the input. The backward
pass computes Jᵀe, and everything else is arithmetic on it.

Of a network that is trained by another loss L(u, v) of target u and reconstruction v
(`networks.losses`), the terms are ∂L/∂u and Jᵀ ∂L/∂v at u = x and v = h(x). The direct one is then
no multiple of e.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from novelty_maps.networks.losses import image_losses, loss_name, structural_dissimilarity


@dataclass(frozen=True)
class LossGradient:
    """Reconstruction of a batch and the two terms of its loss gradient; (N, C, H, W) each.

    Attributes:
        reconstruction: h(x).
        error: e = x − h(x).
        direct: 2e/n; in general ∂L/∂u.
        indirect: −(2/n) Jᵀe; in general Jᵀ ∂L/∂v.
    """

    reconstruction: Tensor
    error: Tensor
    direct: Tensor
    indirect: Tensor

    @property
    def gradient(self) -> Tensor:
        """∇L of each image, the sum of the two terms."""
        return self.direct + self.indirect


def loss_gradient(network: nn.Module, images: Tensor) -> LossGradient:
    """Backpropagate each image's reconstruction loss to its pixels.

    Args:
        network: Autoencoder in evaluation mode; each image's reconstruction must depend on that
            image alone. L is its loss, as of `losses.loss_name`.
        images: (N, C, H, W), floating point in [0, 1].

    Returns:
        Reconstruction, error and both gradient terms, in the type of the images.
    """
    x = images.detach().requires_grad_()
    with torch.enable_grad():
        reconstruction = network(x)
    error = (x - reconstruction).detach()
    if loss_name(network) != "mse":
        direct, change = _partial_gradients(network, x, reconstruction)
        (indirect,) = torch.autograd.grad(reconstruction, x, grad_outputs=change)
        return LossGradient(reconstruction.detach(), error, direct, indirect)
    (pulled_back,) = torch.autograd.grad(reconstruction, x, grad_outputs=error)
    scale = 2 / images[0].numel()
    return LossGradient(reconstruction.detach(), error, scale * error, -scale * pulled_back)


def _partial_gradients(
    network: nn.Module, x: Tensor, reconstruction: Tensor
) -> tuple[Tensor, Tensor]:
    """∂L/∂u and ∂L/∂v of each image at u = x and v = reconstruction, (N, C, H, W) each."""
    u, v = (tensor.detach().requires_grad_() for tensor in (x, reconstruction))
    with torch.enable_grad():
        total = image_losses(network, u, v).sum()
    direct, change = torch.autograd.grad(total, (u, v))
    return direct, change


def reconstruction_error_map(result: LossGradient) -> Tensor:
    """R = e², eq. 1 of Feeney & Hughes; over channels the mean. Shape (N, H, W)."""
    return result.error.square().mean(dim=1)


def absolute_error_map(result: LossGradient) -> Tensor:
    """|e|, linear in the error as S is; over channels the maximum, as in S. Shape (N, H, W)."""
    return result.error.abs().amax(dim=1)


def structural_dissimilarity_map(result: LossGradient, images: Tensor) -> Tensor:
    """1 − SSIM of image and reconstruction; over channels the mean. Shape (N, H, W).

    The residual map of Bergmann et al. (2019), of whatever loss the network is trained by.
    """
    return structural_dissimilarity(images, result.reconstruction).mean(dim=1)


def saliency_map(result: LossGradient) -> Tensor:
    """S = |∇L|, eq. 3 of Feeney & Hughes; over channels the maximum. Shape (N, H, W)."""
    return result.gradient.abs().amax(dim=1)


def squared_saliency_map(result: LossGradient) -> Tensor:
    """S², quadratic in the error as R is; it ranks pixels as S does. Shape (N, H, W)."""
    return saliency_map(result).square()


def direct_term_map(result: LossGradient) -> Tensor:
    """Signed direct term, 2e/n for the MSE, in the channel that saliency shows. (N, H, W).

    Its sum with `indirect_term_map` has the saliency map as its magnitude, pixel by pixel.
    """
    return _salient_channel(result, result.direct)


def indirect_term_map(result: LossGradient) -> Tensor:
    """Signed indirect term, −(2/n) Jᵀe for the MSE, in the same channel. Shape (N, H, W)."""
    return _salient_channel(result, result.indirect)


def input_x_gradient_map(result: LossGradient, images: Tensor) -> Tensor:
    """|x·∇L|, input × gradient (Shrikumar et al. 2016); over channels the maximum. (N, H, W)."""
    return (images * result.gradient).abs().amax(dim=1)


def _salient_channel(result: LossGradient, term: Tensor) -> Tensor:
    """The term's value in the channel where |∇L| is largest, the first of equal ones."""
    channel = result.gradient.abs().argmax(dim=1, keepdim=True)
    return term.gather(1, channel).squeeze(1)
