"""Training speed: this project's loop against the usual one, both in one run.

    DATASETS_ROOT=/path/to/data python -m benchmarks.training

The usual loop is a torchvision data set, a DataLoader whose ToTensor converts image by image, and
eager float32 in contiguous memory. Ours is what the train stage does with `precision: bf16` and
`compile: true`. Both train the same network from the same weights on the same normal MNIST images.
They take turns, each turn in a fresh process, so that a change in the machine's speed meets both.
The rate is that of the steps after the first (which compiles), validation left out on both sides.
"""

import os
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import mse_loss

from benchmarks import turns
from novelty_maps.autoencoders.losses import mean_reconstruction_loss, reconstruction_loss
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.machine import runtime
from novelty_maps.machine.torchvision_import import load_torchvision
from novelty_maps.networks.inputs import ValidationLoss

NORMAL = (0, 1, 2, 3, 4)
LEARNING_RATE = 1e-3


def normal_mnist() -> tuple[Any, torch.Tensor, ValidationLoss]:
    """The torchvision data set, the rows to train on, and the loss on 3,000 other rows."""
    torchvision = load_torchvision()
    mnist = torchvision.datasets.MNIST(
        Path(os.environ["DATASETS_ROOT"]), train=True, transform=torchvision.transforms.ToTensor()
    )
    rows = torch.isin(mnist.targets, torch.tensor(NORMAL)).nonzero().flatten()
    validation = mnist.data[rows[-3000:]][:, None]
    loss = mean_reconstruction_loss(validation, batch_size=1024, device=turns.CPU)
    return mnist, rows[:-3000], loss


def turn_of(side: str, epochs: int, batch_size: int) -> tuple[turns.Times, float]:
    """The times of one turn of a side, and its validation loss at the end."""
    mnist, rows, validation_loss = normal_mnist()
    settings = {"learning_rate": LEARNING_RATE, "epochs": epochs, "batch_size": batch_size}
    network = seeded_autoencoder(0)
    if side == "usual":
        times = turns.train_as_usual(
            network,
            mnist,
            rows,
            lambda network, images, _: mse_loss(network(images), images),
            **settings,
        )
        return times, validation_loss(network.eval())
    runtime.prepare()
    return turns.train_as_here(
        network,
        (mnist.data[rows][:, None],),
        batch_loss=reconstruction_loss(0.0),
        validation_loss=validation_loss,
        **settings,
    )


if __name__ == "__main__":
    turns.run(
        "benchmarks.training",
        turn_of,
        batch_size=256,
        describe=lambda epochs, usual, ours: (
            f"validation loss after {epochs} epochs: usual {usual:.5f}, ours {ours:.5f}"
            f" ({100 * (ours / usual - 1):+.1f}%)"
        ),
    )
