"""Training speed: this project's loop against the usual one, both in one run.

    DATASETS_ROOT=/path/to/data python -m benchmarks.training

The usual loop is a torchvision data set, a DataLoader whose ToTensor converts image by image, and
eager float32 in contiguous memory. Ours is what the train stage does with `precision: bf16` and
`compile: true`. Both train the same network from the same weights on the same normal MNIST images.
They take turns, each turn in a fresh process, so that a change in the machine's speed meets both.
The rate is that of the steps after the first (which compiles), validation left out on both sides.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer
from torch import nn
from torch.utils.data import DataLoader, Subset

from stages.lib import networks, runtime, training
from stages.lib.torchvision_import import load_torchvision

NORMAL = (0, 1, 2, 3, 4)
LEARNING_RATE = 1e-3
CPU = torch.device("cpu")


def normal_mnist() -> tuple[Any, torch.Tensor, training.ValidationLoss]:
    """The torchvision data set, the rows to train on, and the loss on 3,000 other rows."""
    torchvision = load_torchvision()
    mnist = torchvision.datasets.MNIST(
        Path(os.environ["DATASETS_ROOT"]), train=True, transform=torchvision.transforms.ToTensor()
    )
    rows = torch.isin(mnist.targets, torch.tensor(NORMAL)).nonzero().flatten()
    validation = mnist.data[rows[-3000:]][:, None]
    loss = training.mean_reconstruction_loss(validation, batch_size=1024, device=CPU)
    return mnist, rows[:-3000], loss


def train_as_usual(epochs: int, batch_size: int) -> tuple[list[list[float]], float]:
    """The usual loop: the time after each step by epoch, and the validation loss at the end."""
    mnist, rows, validation_loss = normal_mnist()
    network = networks.seeded_autoencoder(0, channels=1, image_size=28)
    loader = DataLoader(
        Subset(mnist, rows.tolist()), batch_size=batch_size, shuffle=True, drop_last=True
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    times: list[list[float]] = []
    for _ in range(epochs):
        times.append([])
        for images, _ in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(network(images), images)
            loss.backward()
            optimizer.step()
            times[-1].append(time.perf_counter())
    return times, validation_loss(network.eval())


def train_as_here(epochs: int, batch_size: int) -> tuple[list[list[float]], float]:
    """This project's loop: the same two results."""
    runtime.prepare()
    mnist, rows, validation_loss = normal_mnist()
    times: list[list[float]] = [[]]
    state = training.train(
        networks.seeded_autoencoder(0, channels=1, image_size=28),
        (mnist.data[rows][:, None],),
        batch_loss=training.reconstruction_loss(0.0),
        validation_loss=validation_loss,
        learning_rate=LEARNING_RATE,
        batch_size=batch_size,
        epochs=epochs,
        patience=epochs,
        seed=0,
        device=CPU,
        precision="bf16",
        compile=True,
        on_batch=lambda _count, _loss: times[-1].append(time.perf_counter()),
        on_epoch=lambda _state: times.append([]),
    )
    return times[:-1], state.history[-1]["validation_loss"]


SIDES = {"usual": train_as_usual, "ours": train_as_here}


def main(
    rounds: Annotated[int, typer.Option(help="Turns of each side.")] = 3,
    epochs: Annotated[int, typer.Option(help="Epochs in a turn.")] = 3,
    batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = 256,
    side: Annotated[str | None, typer.Option(help="Run one turn of one side only.")] = None,
) -> None:
    """Print images per second and final validation loss of both loops, and their ratio."""
    if side is not None:
        times, loss = SIDES[side](epochs, batch_size)
        rates = [batch_size * (len(step) - 1) / (step[-1] - step[0]) for step in times]
        print(median(rates), loss)
        return
    ratios = []
    for turn in range(1, rounds + 1):
        rate, loss = {}, {}
        for name in SIDES:
            command = [sys.executable, "-m", "benchmarks.training", "--side", name]
            command += ["--epochs", str(epochs), "--batch-size", str(batch_size)]
            # The train stage sets this itself, but here PyTorch is imported before it could.
            policy = {"OMP_WAIT_POLICY": "PASSIVE"} if name == "ours" else {}
            line = subprocess.run(
                command, check=True, capture_output=True, text=True, env=os.environ | policy
            ).stdout
            rate[name], loss[name] = map(float, line.split())
        ratios.append(rate["ours"] / rate["usual"])
        print(
            f"turn {turn}: usual {rate['usual']:,.0f} images/s, ours {rate['ours']:,.0f} images/s,"
            f" ratio {ratios[-1]:.2f}; validation loss after {epochs} epochs: usual"
            f" {loss['usual']:.5f}, ours {loss['ours']:.5f}"
            f" ({100 * (loss['ours'] / loss['usual'] - 1):+.1f}%)",
            flush=True,
        )
    print(f"ratio: median {median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    typer.run(main)
