"""Training speed: this project's loop against the usual one, both in one run.

    DATASETS_ROOT=/path/to/data python -m benchmarks.training

The usual loop is a torchvision data set, a DataLoader whose ToTensor converts image by image, and
eager float32 in contiguous memory. Both train the same network from the same weights on the same
normal MNIST images, in turn, epoch by epoch, so that a change in the machine's speed meets both.
"""

import os
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
import typer
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from stages.lib import networks, training
from stages.lib.torchvision_import import load_torchvision

NORMAL = (0, 1, 2, 3, 4)


def usual_epoch(network: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> int:
    """One epoch of the usual loop; returns the number of images."""
    network.train()
    count = 0
    for images, _ in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(network(images), images)
        loss.backward()
        optimizer.step()
        loss.item()
        count += len(images)
    return count


def main(
    epochs: Annotated[int, typer.Option(help="Epochs of each loop.")] = 3,
    batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = 256,
    precision: Annotated[str, typer.Option(help="Of our loop: fp32 or bf16.")] = "bf16",
    compile: Annotated[bool, typer.Option(help="torch.compile in our loop.")] = True,
) -> None:
    """Print images per second and final validation loss of both loops, and the ratio."""
    torchvision = load_torchvision()
    mnist = torchvision.datasets.MNIST(
        Path(os.environ["DATASETS_ROOT"]), train=True, transform=torchvision.transforms.ToTensor()
    )
    normal = torch.isin(mnist.targets, torch.tensor(NORMAL)).nonzero().flatten()
    train_rows, validation_rows = normal[:-3000], normal[-3000:]
    images, validation = mnist.data[train_rows][:, None], mnist.data[validation_rows][:, None]
    validation_loss = training.mean_reconstruction_loss(
        validation, batch_size=1024, device=torch.device("cpu")
    )

    usual = networks.seeded_autoencoder(0, channels=1, image_size=28)
    loader = DataLoader(
        Subset(mnist, train_rows.tolist()), batch_size=batch_size, shuffle=True, drop_last=True
    )
    optimizer = torch.optim.Adam(usual.parameters(), lr=1e-3)
    ours = networks.seeded_autoencoder(0, channels=1, image_size=28)
    rates: dict[str, list[float]] = {"usual": [], "ours": []}
    clock = {"start": 0.0, "last": 0.0, "images": 0.0}

    def on_batch(count: int, _loss: Tensor) -> None:
        now = time.perf_counter()
        if clock["images"] == 0:  # the first batch starts the clock (and pays for compilation)
            clock["start"] = now
        clock["last"], clock["images"] = now, clock["images"] + count

    def on_epoch(state: training.TrainingState) -> None:
        seconds = clock["last"] - clock["start"]
        rates["ours"].append((clock["images"] - batch_size) / seconds)
        clock["images"] = 0
        start = time.perf_counter()
        count = usual_epoch(usual, loader, optimizer)
        rates["usual"].append(count / (time.perf_counter() - start))
        print(
            f"epoch {state.epoch}: usual {rates['usual'][-1]:,.0f} images/s,"
            f" ours {rates['ours'][-1]:,.0f} images/s,"
            f" ratio {rates['ours'][-1] / rates['usual'][-1]:.2f}",
            flush=True,
        )

    state = training.train(
        ours,
        (images,),
        batch_loss=training.reconstruction_loss(0.0),
        validation_loss=validation_loss,
        learning_rate=1e-3,
        batch_size=batch_size,
        epochs=epochs,
        patience=epochs,
        seed=0,
        device=torch.device("cpu"),
        precision=precision,
        compile=compile,
        on_batch=on_batch,
        on_epoch=on_epoch,
    )
    usual_loss, our_loss = validation_loss(usual.eval()), state.history[-1]["validation_loss"]
    print(
        f"validation loss: usual {usual_loss:.5f}, ours {our_loss:.5f}"
        f" ({100 * (our_loss / usual_loss - 1):+.1f}%)"
    )
    ratios = [a / b for a, b in zip(rates["ours"], rates["usual"], strict=True)]
    print(f"ratio: median {median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    typer.run(main)
