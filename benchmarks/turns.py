"""Two training loops in turns: the usual one, and this project's."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Annotated, Any

import torch
import typer
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from novelty_maps.networks.inputs import BatchLoss, ValidationLoss
from novelty_maps.training.loop import train

CPU = torch.device("cpu")
Times = list[list[float]]


def train_as_usual(
    network: nn.Module,
    dataset: Any,
    rows: Tensor,
    loss_of: Callable[[nn.Module, Tensor, Tensor], Tensor],
    *,
    learning_rate: float,
    epochs: int,
    batch_size: int,
) -> Times:
    """A DataLoader over a torchvision data set and eager float32; the time after each step."""
    loader = DataLoader(
        Subset(dataset, rows.tolist()), batch_size=batch_size, shuffle=True, drop_last=True
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    times: Times = []
    for _ in range(epochs):
        times.append([])
        for images, targets in loader:
            optimizer.zero_grad()
            loss_of(network, images, targets).backward()
            optimizer.step()
            times[-1].append(time.perf_counter())
    return times


def train_as_here(
    network: nn.Module,
    data: tuple[Tensor, ...],
    *,
    batch_loss: BatchLoss,
    validation_loss: ValidationLoss,
    learning_rate: float,
    epochs: int,
    batch_size: int,
) -> tuple[Times, float]:
    """This project's loop in bf16, compiled; the time after each step and the last loss."""
    times: Times = [[]]
    state = train(
        network,
        data,
        batch_loss=batch_loss,
        validation_loss=validation_loss,
        learning_rate=learning_rate,
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


def run(
    module: str,
    turn_of: Callable[[str, int, int], tuple[Times, float]],
    *,
    batch_size: int,
    describe: Callable[[int, float, float], str],
) -> None:
    """Run a benchmark as a command: its rates, losses and their ratio; or one turn of one side.

    Args:
        module: The benchmark, to be run again in a fresh process for each turn.
        turn_of: (side, epochs, batch size) to the times of a turn and the loss at its end.
        batch_size: Images in a batch, if not given on the command line.
        describe: Epochs and the losses of the usual side and ours, in words.
    """

    def main(
        rounds: Annotated[int, typer.Option(help="Turns of each side.")] = 3,
        epochs: Annotated[int, typer.Option(help="Epochs in a turn.")] = 3,
        batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = batch_size,
        side: Annotated[str | None, typer.Option(help="Run one turn of one side only.")] = None,
    ) -> None:
        """Print images per second and final loss of both loops, and their ratio."""
        if side is not None:
            report_side(*turn_of(side, epochs, batch_size), batch_size)
            return
        compare(
            module,
            rounds=rounds,
            epochs=epochs,
            batch_size=batch_size,
            describe=lambda usual, ours: describe(epochs, usual, ours),
        )

    typer.run(main)


def report_side(times: Times, loss: float, batch_size: int) -> None:
    """Print a side's images per second, without the first step of an epoch, and its loss."""
    rates = [batch_size * (len(step) - 1) / (step[-1] - step[0]) for step in times]
    print(median(rates), loss)


def compare(
    module: str,
    *,
    rounds: int,
    epochs: int,
    batch_size: int,
    describe: Callable[[float, float], str],
) -> None:
    """Run both sides of a benchmark in turns, each in a fresh process, and print their ratio.

    Args:
        module: The benchmark; with --side "usual" or "ours" it runs one turn and reports it.
        rounds: Turns of each side.
        epochs: Epochs in a turn.
        batch_size: Images in a batch.
        describe: The validation losses of the usual side and ours, in words.
    """
    ratios = []
    for turn in range(1, rounds + 1):
        rate: dict[str, float] = {}
        loss: dict[str, float] = {}
        for name in ("usual", "ours"):
            command = [sys.executable, "-m", module, "--side", name]
            command += ["--epochs", str(epochs), "--batch-size", str(batch_size)]
            # The stages set this themselves, but here PyTorch is imported before they could.
            policy = {"OMP_WAIT_POLICY": "PASSIVE"} if name == "ours" else {}
            line = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | policy
            ).stdout
            rate[name], loss[name] = map(float, line.split())
        ratios.append(rate["ours"] / rate["usual"])
        print(
            f"turn {turn}: usual {rate['usual']:,.0f} images/s, ours {rate['ours']:,.0f} images/s,"
            f" ratio {ratios[-1]:.2f}; {describe(loss['usual'], loss['ours'])}",
            flush=True,
        )
    print(f"ratio: median {median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")
