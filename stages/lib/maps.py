"""Maps over an image's pixels that are meant to show what is novel in it.

All come from one forward and one backward pass. With e = x − h(x), n values in an image and J the
Jacobian of h at x, the gradient of the reconstruction loss L (eq. 2 of Feeney & Hughes) is

    ∇L = (2/n) (I − J)ᵀ e = 2e/n − (2/n) Jᵀe,

a direct term through x as the target and an indirect term through x as the input. The backward
pass computes Jᵀe, and everything else is arithmetic on it.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stages.lib.errors import InputError
from stages.lib.training import as_input


@dataclass(frozen=True)
class LossGradient:
    """Reconstruction of a batch and the two terms of its loss gradient; (N, C, H, W) each.

    Attributes:
        reconstruction: h(x).
        error: e = x − h(x).
        direct: 2e/n.
        indirect: −(2/n) Jᵀe.
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
            image alone.
        images: (N, C, H, W), floating point in [0, 1].

    Returns:
        Reconstruction, error and both gradient terms, in the type of the images.
    """
    x = images.detach().requires_grad_()
    with torch.enable_grad():
        reconstruction = network(x)
    error = (x - reconstruction).detach()
    (pulled_back,) = torch.autograd.grad(reconstruction, x, grad_outputs=error)
    scale = 2 / images[0].numel()
    return LossGradient(reconstruction.detach(), error, scale * error, -scale * pulled_back)


def reconstruction_error_map(result: LossGradient) -> Tensor:
    """R = e², eq. 1 of Feeney & Hughes; over channels the mean. Shape (N, H, W)."""
    return result.error.square().mean(dim=1)


def saliency_map(result: LossGradient) -> Tensor:
    """S = |∇L|, eq. 3 of Feeney & Hughes; over channels the maximum. Shape (N, H, W)."""
    return result.gradient.abs().amax(dim=1)


def direct_term_map(result: LossGradient) -> Tensor:
    """Signed direct term 2e/n, in the channel that the saliency map shows. Shape (N, H, W).

    Its sum with `indirect_term_map` has the saliency map as its magnitude, pixel by pixel.
    """
    return _salient_channel(result, result.direct)


def indirect_term_map(result: LossGradient) -> Tensor:
    """Signed indirect term −(2/n) Jᵀe, in the channel that the saliency map shows. (N, H, W)."""
    return _salient_channel(result, result.indirect)


def _salient_channel(result: LossGradient, term: Tensor) -> Tensor:
    """The term's value in the channel where |∇L| is largest, the first of equal ones."""
    channel = result.gradient.abs().argmax(dim=1, keepdim=True)
    return term.gather(1, channel).squeeze(1)


MAP_METHODS: dict[str, Callable[[LossGradient], Tensor]] = {
    "reconstruction_error": reconstruction_error_map,
    "saliency": saliency_map,
    "direct_term": direct_term_map,
    "indirect_term": indirect_term_map,
}


MAGNITUDES = ("reconstruction_error", "saliency")  # the others have a sign


def require_magnitudes(methods: Sequence[str]) -> None:
    """Raise InputError unless all are maps in which a higher value means more."""
    for method in methods:
        if method not in MAGNITUDES:
            raise InputError(f"{method!r} is no map to score with: use {' or '.join(MAGNITUDES)}")


def compute_maps(
    network: nn.Module,
    images: NDArray[np.uint8],
    *,
    methods: Sequence[str],
    batch_size: int,
    device: torch.device,
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Maps of all images, batch by batch; the batch size changes nothing but float32 rounding.

    Args:
        network: Autoencoder; it is copied, and the copy evaluated.
        images: (N, C, H, W) uint8.
        methods: Names from `MAP_METHODS`.
        batch_size: Images at a time.
        device: Where to compute.

    Yields:
        For each batch, its "reconstruction" (n, C, H, W) and each method's map (n, H, W).
    """
    network = deepcopy(network).eval().requires_grad_(False)
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for start in range(0, len(images), batch_size):
        batch = torch.from_numpy(np.array(images[start : start + batch_size]))
        result = loss_gradient(network, as_input(batch.to(device)))
        maps = {"reconstruction": result.reconstruction}
        maps |= {method: MAP_METHODS[method](result) for method in methods}
        yield {name: map_.cpu().contiguous().numpy() for name, map_ in maps.items()}


def gather_maps(
    network: nn.Module,
    images: NDArray[np.uint8],
    *,
    on_batch: Callable[[int], object] = lambda count: None,
    **settings: Any,
) -> dict[str, NDArray[np.float32]]:
    """All that `compute_maps` yields, in memory at once.

    Args:
        network: As of `compute_maps`.
        images: As of `compute_maps`.
        on_batch: Called with the number of images done.
        **settings: The keywords of `compute_maps`.

    Returns:
        "reconstruction" (N, C, H, W) and each method's maps (N, H, W).
    """
    batches = []
    for batch in compute_maps(network, images, **settings):
        batches.append(batch)
        on_batch(len(batch["reconstruction"]))
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
