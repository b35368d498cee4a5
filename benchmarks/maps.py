"""Speed of the maps: one forward and one backward pass against Captum plus a separate pass.

    python -m benchmarks.maps

The other side is what one would write with a library: Captum's `Saliency` on a module that returns
each image's reconstruction loss, then the reconstruction in a pass of its own for the error map.
Same network, same images, same batch size, in turns; all sides end with the same three arrays.
What each step between the two brings is measured in the same turns.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Annotated

import numpy as np
import torch
import typer
from captum.attr import Saliency
from torch import Tensor, nn

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.machine import runtime
from novelty_maps.maps.attributions import ReconstructionLoss
from novelty_maps.maps.compute import compute_maps
from novelty_maps.maps.folding import folded
from novelty_maps.maps.loss_gradient import loss_gradient, reconstruction_error_map, saliency_map
from novelty_maps.networks.inputs import as_input
from novelty_maps.networks.outputs import evaluated

CPU = torch.device("cpu")
NAMES = ("reconstruction", "reconstruction_error", "saliency")
Three = tuple[Tensor, Tensor, Tensor]


def as_usual(pixels: Tensor) -> Tensor:
    """Images as a network takes them, laid out as they come."""
    return pixels.float().div(255)


def with_captum(network: nn.Module, pixels: Tensor) -> Three:
    """Reconstruction, r and s by Captum and a second forward pass."""
    x = as_usual(pixels)
    s = Saliency(ReconstructionLoss(network)).attribute(x.clone().requires_grad_(), abs=True)
    with torch.no_grad():
        reconstruction = network(x)
    return reconstruction, ((x - reconstruction) ** 2)[:, 0], s[:, 0]


def with_backward(network: nn.Module, pixels: Tensor) -> Three:
    """The same by PyTorch alone, whose `backward` takes the gradient of the weights as well."""
    x = as_usual(pixels).requires_grad_()
    reconstruction = network(x)
    error = (x - reconstruction).square()
    error.mean(dim=(1, 2, 3)).sum().backward()
    assert x.grad is not None
    return reconstruction.detach(), error.detach()[:, 0], x.grad.abs()[:, 0]


def in_one_pass(network: nn.Module, x: Tensor) -> Three:
    """The same by `loss_gradient`, which takes the gradient of the image alone."""
    result = loss_gradient(network, x)
    return result.reconstruction, reconstruction_error_map(result), saliency_map(result)


def in_batches(
    three_of: Callable[[Tensor], Three], images: np.ndarray, batch_size: int
) -> list[np.ndarray]:
    """The three arrays of all images."""
    batches = [three_of(pixels) for pixels in torch.from_numpy(images).split(batch_size)]
    return [torch.cat(values).numpy() for values in zip(*batches, strict=True)]


def as_here(network: nn.Module, images: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """The same three arrays as the maps stage computes them."""
    batches = list(
        compute_maps(network, images, methods=NAMES[1:], batch_size=batch_size, device=CPU)
    )
    return [np.concatenate([batch[name] for batch in batches]) for name in NAMES]


def sides_of(
    network: nn.Module, batch_size: int
) -> dict[str, Callable[[np.ndarray], list[np.ndarray]]]:
    """Images to the three arrays, by side; each step beyond Captum has those before it."""
    laid_out = evaluated(network, CPU)
    whole = folded(laid_out)
    steps: dict[str, Callable[[Tensor], Three]] = {
        "captum": lambda pixels: with_captum(network, pixels),
        "one pass": lambda pixels: with_backward(network, pixels),
        "gradient of the image alone": lambda pixels: in_one_pass(network, as_usual(pixels)),
        "channels last": lambda pixels: in_one_pass(laid_out, as_input(pixels)),
        "batch norm folded": lambda pixels: in_one_pass(whole, as_input(pixels)),
    }
    sides = {
        name: lambda images, step=step: in_batches(step, images, batch_size)
        for name, step in steps.items()
    }
    return sides | {"ours": lambda images: as_here(network, images, batch_size)}


def main(
    count: Annotated[int, typer.Option(help="Number of images.")] = 5120,
    batch_size: Annotated[int, typer.Option(help="Images at a time.")] = 256,
    repeats: Annotated[int, typer.Option(help="Turns of each side.")] = 5,
) -> None:
    """Print images per second of both sides and the steps between, and their ratios to Captum."""
    runtime.prepare()  # for all sides
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)
    sides = sides_of(seeded_autoencoder(0).eval(), batch_size)
    expected, *others = (side(images[:600]) for side in sides.values())
    for found in others:
        for a, b in zip(expected, found, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-6)
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            start = time.perf_counter()
            side(images)
            rates[name].append(count / (time.perf_counter() - start))
    for name, values in rates.items():
        ratios = [b / a for a, b in zip(rates["captum"], values, strict=True)]
        print(
            f"{name}: median {median(values):,.0f} images/s, ratio: median {median(ratios):.2f},"
            f" from {min(ratios):.2f} to {max(ratios):.2f}"
        )


if __name__ == "__main__":
    typer.run(main)
