"""What a reconstruction is compared with its image by, value by value and as a loss.

`mse` is the squared error, eq. 2 of Feeney & Hughes. `ssim` is 1 − SSIM, the structural similarity
of Wang et al. (2004), "Image Quality Assessment: From Error Visibility to Structural Similarity",
by which Bergmann et al. (2019) train autoencoders (`DEVIATIONS`).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

RADIUS = 5  # of the window, 11 pixels a side
WINDOW_STD = 1.5  # pixels
LUMINANCE, CONTRAST = 0.01**2, 0.03**2  # Wang et al.'s constants, for values in [0, 1]
_CHUNK = 4  # images at a time, so that they stay in the processor's cache


def squared_error(x: Tensor, reconstruction: Tensor) -> Tensor:
    """(x − h(x))² of each value, (N, C, H, W)."""
    return (x - reconstruction).square()


def structural_dissimilarity(x: Tensor, reconstruction: Tensor) -> Tensor:
    """1 − SSIM at each pixel of each channel (eq. 13 of Wang et al. 2004), in [0, 2].

    The window is Gaussian, of 11 × 11 pixels and a standard deviation of 1.5; near the border what
    lies outside the image is left out, and the weights of the rest add up to 1. Variances are those
    of the window's values, without Bessel's correction.

    Args:
        x: (N, C, H, W), floating point in [0, 1].
        reconstruction: Of the same shape, any values.

    Returns:
        (N, C, H, W), of the type of x; differentiable in both.
    """
    with torch.autocast(x.device.type, enabled=False):  # variances would be lost in bfloat16
        chunks = zip(x.split(_CHUNK), reconstruction.to(x.dtype).split(_CHUNK), strict=True)
        return torch.cat([1 - _similarity(own.contiguous(), v.contiguous()) for own, v in chunks])


def _similarity(x: Tensor, v: Tensor) -> Tensor:
    """SSIM of each pixel, as of `structural_dissimilarity`."""
    mean_x, mean_v, square, product = map(_window_mean, (x, v, x * x + v * v, x * v))
    means, squared_means = mean_x * mean_v, mean_x.square() + mean_v.square()
    luminance = (2 * means + LUMINANCE) / (squared_means + LUMINANCE)
    structure: Tensor = (2 * (product - means) + CONTRAST) / (square - squared_means + CONTRAST)
    return luminance * structure


def _window_mean(values: Tensor) -> Tensor:
    """Mean of values (..., H, W) in the window about each pixel."""
    rows, columns = (_window(side, values) for side in values.shape[-2:])
    return ((values @ columns.T).mT.contiguous() @ rows.T).mT


def _window(side: int, like: Tensor) -> Tensor:
    """Weights of a row's pixels in the window about each, (side, side); rows add up to 1."""
    place = torch.arange(side, device=like.device, dtype=like.dtype)
    distance = place - place[:, None]
    weights = torch.exp(-distance.square() / (2 * WINDOW_STD**2)) * (distance.abs() <= RADIUS)
    return weights / weights.sum(dim=1, keepdim=True)


DEVIATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": squared_error,
    "ssim": structural_dissimilarity,
}


def loss_name(network: nn.Module) -> str:
    """The loss that a network is trained by, one of `DEVIATIONS`; mse if it does not say."""
    return getattr(network, "loss", "mse")


def mean_loss(name: str, reconstruction: Tensor, target: Tensor) -> Tensor:
    """The loss of this name, averaged over all values of a batch: a scalar.

    Args:
        name: One of `DEVIATIONS`.
        reconstruction: (N, C, H, W).
        target: Of the same shape, float32 in [0, 1].
    """
    if name == "mse":
        return mse_loss(reconstruction.float(), target)  # fused; its rounding is that of all runs
    return DEVIATIONS[name](target, reconstruction.float()).mean()


def image_losses(
    network: nn.Module, x: Tensor, reconstruction: Tensor, real: Tensor | None = None
) -> Tensor:
    """L of each image by the loss of the network, (N,).

    Args:
        network: As of `loss_name`.
        x: (N, C, H, W), floating point in [0, 1].
        reconstruction: The network's, of the same shape.
        real: (N, H, W) bool, the pixels that count; all if None.
    """
    deviations = DEVIATIONS[loss_name(network)](x, reconstruction)
    if real is None:
        return deviations.mean(dim=(1, 2, 3))
    by_pixel = deviations.mean(dim=1).where(real, 0)
    return by_pixel.sum(dim=(1, 2)) / real.sum(dim=(1, 2))
