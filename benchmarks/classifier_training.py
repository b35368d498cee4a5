"""Training speed of the small ResNet: this project's loop against the usual one, both in one run.

    DATASETS_ROOT=/path/to/data OMP_NUM_THREADS=1 python -m benchmarks.classifier_training

One thread, as the studies train: so small a network gains little from a second one.

The usual loop is a torchvision data set, a DataLoader whose ToTensor converts image by image, and
eager float32 in contiguous memory. Ours is what the classify stage does with `precision: bf16` and
`compile: true`. Both train the same network from the same weights on the same normal MNIST images.
They take turns, each turn in a fresh process, so that a change in the machine's speed meets both.
The rate is that of the steps after the first (which compiles), validation left out on both sides.
The error on images left out of training shows that speed is not bought with accuracy.
"""

import os
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from benchmarks import turns
from novelty_maps.classifiers.base import Classifier
from novelty_maps.classifiers.plain import classification_loss, error_rate
from novelty_maps.machine import runtime
from novelty_maps.machine.torchvision_import import load_torchvision
from novelty_maps.networks.inputs import ValidationLoss

NORMAL = (0, 1, 2, 4, 5, 9)
LEARNING_RATE = 3e-3


def normal_mnist() -> tuple[Any, torch.Tensor, ValidationLoss]:
    """The torchvision data set, the rows to train on, and the error rate on 3,000 other rows."""
    torchvision = load_torchvision()
    mnist = torchvision.datasets.MNIST(
        Path(os.environ["DATASETS_ROOT"]),
        train=True,
        transform=torchvision.transforms.ToTensor(),
        target_transform=NORMAL.index,
    )
    rows = torch.isin(mnist.targets, torch.tensor(NORMAL)).nonzero().flatten()
    images, targets = as_tensors(mnist, rows[-3000:])
    error = error_rate(images, targets, batch_size=1024, device=turns.CPU)
    return mnist, rows[:-3000], error


def as_tensors(mnist: Any, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, 28, 28) uint8 and places of their labels in `NORMAL` of these rows."""
    return mnist.data[rows][:, None], torch.searchsorted(torch.tensor(NORMAL), mnist.targets[rows])


def small_resnet() -> Classifier:
    """The network that both sides train, with the same initial weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Classifier("small_resnet", image_shape=(1, 28, 28), classes=len(NORMAL))


def turn_of(side: str, epochs: int, batch_size: int) -> tuple[turns.Times, float]:
    """The times of one turn of a side, and its validation error at the end."""
    mnist, rows, validation_error = normal_mnist()
    settings = {"learning_rate": LEARNING_RATE, "epochs": epochs, "batch_size": batch_size}
    network = small_resnet()
    if side == "usual":
        times = turns.train_as_usual(
            network,
            mnist,
            rows,
            lambda network, images, targets: cross_entropy(network(images), targets),
            **settings,
        )
        return times, validation_error(network.eval())
    runtime.prepare()
    return turns.train_as_here(
        network,
        as_tensors(mnist, rows),
        batch_loss=classification_loss(),
        validation_loss=validation_error,
        **settings,
    )


if __name__ == "__main__":
    turns.run(
        "benchmarks.classifier_training",
        turn_of,
        batch_size=64,
        describe=lambda epochs, usual, ours: (
            f"validation error after {epochs} epochs: usual {usual:.2%}, ours {ours:.2%}"
        ),
    )
