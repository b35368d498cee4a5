"""Training beside a busy program: OpenMP threads that sleep against threads that spin.

    python -m benchmarks.contention

Trains on random images, in a fresh process each time, with the OpenMP library's default and with
the setting of `novelty_maps.machine.runtime`, on a quiet machine and while another process keeps
one core busy. The two settings take turns.
"""

import os
import subprocess
import sys
import time
from statistics import median
from typing import Annotated

import torch
import typer

from novelty_maps.autoencoders.losses import reconstruction_loss
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.training.loop import train

SETTINGS = {"default": {}, "passive": {"OMP_WAIT_POLICY": "PASSIVE"}}


def images_per_second(steps: int, batch_size: int = 64) -> float:
    """Rate of the training loop over so many steps after the first."""
    times: list[float] = []
    train(
        seeded_autoencoder(0),
        (torch.zeros((batch_size * (steps + 1), 1, 28, 28), dtype=torch.uint8),),
        batch_loss=reconstruction_loss(0.0),
        validation_loss=lambda _network: 0.0,
        learning_rate=1e-3,
        batch_size=batch_size,
        epochs=1,
        patience=1,
        seed=0,
        device=torch.device("cpu"),
        on_batch=lambda _count, _loss: times.append(time.perf_counter()),
    )
    return batch_size * steps / (times[-1] - times[0])


def main(
    steps: Annotated[int, typer.Option(help="Training steps in a turn.")] = 60,
    repeats: Annotated[int, typer.Option(help="Turns of each setting.")] = 3,
    measure: Annotated[bool, typer.Option(help="Run one turn and print its rate.")] = False,
) -> None:
    """Print images per second of both settings, quiet and beside a busy program."""
    if measure:
        print(images_per_second(steps))
        return
    command = [sys.executable, "-m", "benchmarks.contention", "--measure", "--steps", str(steps)]
    for machine in ("quiet", "busy"):
        hog = (
            subprocess.Popen([sys.executable, "-c", "while True: pass"])
            if machine == "busy"
            else None
        )
        rates: dict[str, list[float]] = {name: [] for name in SETTINGS}
        for _ in range(repeats):
            for name, setting in SETTINGS.items():
                output = subprocess.run(
                    command, check=True, capture_output=True, text=True, env=os.environ | setting
                ).stdout
                rates[name].append(float(output))
        if hog is not None:
            hog.kill()
        ratio = median(b / a for a, b in zip(rates["default"], rates["passive"], strict=True))
        print(
            f"{machine} machine: default {median(rates['default']):,.0f} images/s,"
            f" passive {median(rates['passive']):,.0f} images/s, median ratio {ratio:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
