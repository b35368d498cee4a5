"""Speed and memory of every map: images per second and the peak of a process of its own.

    DATASETS_ROOT=/path/to/data OMP_NUM_THREADS=1 python -m benchmarks.map_methods

All in one table: `compute_maps` with one method at a time, on the same MNIST-sized images and the
same network; the rate is that of the fastest turn. Each row contains the forward and backward pass
that `compute_maps` always makes for the reconstruction; the controls cost little else. Memory is
the resident peak of the whole process, with the libraries that it imports. Without DATASETS_ROOT
the images are noise.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.machine import runtime
from novelty_maps.machine.torchvision_import import load_torchvision
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.methods import MAP_METHODS
from novelty_maps.pipeline.parts import mean_image


def images_of(count: int) -> NDArray[np.uint8]:
    """MNIST test images, or noise of their size, (count, 1, 28, 28)."""
    if root := os.environ.get("DATASETS_ROOT"):
        mnist = load_torchvision().datasets.MNIST(Path(root), train=False)
        return np.resize(mnist.data.numpy()[:count, None], (count, 1, 28, 28))
    return np.random.default_rng(0).integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)


def measure(method: str, *, seconds: float, batch_size: int) -> tuple[float, float]:
    """Images per second of a method and the peak memory of this process in MiB.

    Args:
        method: One of `MAP_METHODS`.
        seconds: How long to compute at least.
        batch_size: Images at a time, and in a turn.
    """
    runtime.prepare()
    network = seeded_autoencoder(0).eval()

    def turn(images: NDArray[np.uint8]) -> float:
        start = time.perf_counter()
        gather_maps(
            network,
            images,
            methods=[method],
            batch_size=batch_size,
            device=torch.device("cpu"),
            mean_image=mean_image(images),
            masks=images[:, 0] > 127,
        )
        return time.perf_counter() - start

    images = images_of(batch_size)
    turn(images[:4])  # imports
    times: list[float] = []
    while sum(times) < seconds:
        times.append(turn(images))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return batch_size / min(times), peak / (1024**2 if sys.platform == "darwin" else 1024)


def main(
    seconds: Annotated[float, typer.Option(help="How long to compute each map at least.")] = 3.0,
    batch_size: Annotated[int, typer.Option(help="Images at a time.")] = 256,
    method: Annotated[str | None, typer.Option(help="Measure one map only.")] = None,
) -> None:
    """Print images per second and peak memory of every map."""
    if method is not None:
        print(*measure(method, seconds=seconds, batch_size=batch_size))
        return
    print(f"{'map':<36}{'images/s':>10}{'peak MiB':>10}   on {torch.get_num_threads()} threads")
    for name in MAP_METHODS:
        command = [sys.executable, "-m", "benchmarks.map_methods", "--method", name]
        command += ["--seconds", str(seconds), "--batch-size", str(batch_size)]
        line = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        rate, peak = map(float, line.split())
        print(f"{name:<36}{rate:>10,.0f}{peak:>10,.0f}", flush=True)


if __name__ == "__main__":
    typer.run(main)
