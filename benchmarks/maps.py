"""Speed of the maps: one forward and one backward pass against Captum plus a separate pass.

    python -m benchmarks.maps

The other side is what one would write with a library: Captum's `Saliency` on a module that returns
each image's reconstruction loss, then the reconstruction in a pass of its own for the error map.
Same network, same images, same batch size, in turns; both sides end with the same three arrays.
"""

import time
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


def with_captum(network: nn.Module, images: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Reconstruction, r and s by Captum and a second forward pass."""
    saliency = Saliency(ReconstructionLoss(network))
    results: list[list[Tensor]] = [[], [], []]
    for start in range(0, len(images), batch_size):
        x = torch.from_numpy(images[start : start + batch_size]).float().div(255)
        s = saliency.attribute(x.clone().requires_grad_(), abs=True)
        with torch.no_grad():
            reconstruction = network(x)
        error = (x - reconstruction) ** 2
        for result, value in zip(results, (reconstruction, error[:, 0], s[:, 0]), strict=True):
            result.append(value.detach())
    return [torch.cat(result).numpy() for result in results]


def as_here(network: nn.Module, images: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """The same three arrays as the maps stage computes them."""
    names = ("reconstruction", "reconstruction_error", "saliency")
    batches = list(
        compute_maps(
            network,
            images,
            methods=names[1:],
            batch_size=batch_size,
            device=torch.device("cpu"),
        )
    )
    return [np.concatenate([batch[name] for batch in batches]) for name in names]


def main(
    count: Annotated[int, typer.Option(help="Number of images.")] = 5120,
    batch_size: Annotated[int, typer.Option(help="Images at a time.")] = 256,
    repeats: Annotated[int, typer.Option(help="Turns of each side.")] = 5,
) -> None:
    """Print images per second of both sides and the ratio."""
    runtime.prepare()  # for both sides
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)
    network = seeded_autoencoder(0).eval()
    sides = {"captum": with_captum, "ours": as_here}
    for a, b in zip(
        *(side(network, images[:600], batch_size) for side in sides.values()), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            start = time.perf_counter()
            side(network, images, batch_size)
            rates[name].append(count / (time.perf_counter() - start))
    ratios = [b / a for a, b in zip(rates["captum"], rates["ours"], strict=True)]
    for name, values in rates.items():
        print(f"{name}: median {median(values):,.0f} images/s")
    print(f"ratio: median {median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    typer.run(main)
