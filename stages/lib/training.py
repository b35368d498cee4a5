"""One training loop, for whatever network and loss: precision, early stop, history, resume.

The images stay uint8 in memory and batches are gathered by index, which on a CPU is several times
faster than a DataLoader that converts image by image (`benchmarks/training.py`).
Every epoch draws from a generator made of seed and epoch alone, so that a resumed run continues
exactly as the uninterrupted one would have.
"""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from stages.lib.devices import MEMORY_FORMAT
from stages.lib.errors import InputError

Forward = Callable[..., Any]
BatchLoss = Callable[[Forward, torch.Generator, tuple[Tensor, ...]], Tensor]
ValidationLoss = Callable[[nn.Module], float]


@dataclass(frozen=True)
class TrainingState:
    """All that the loop needs to go on after an epoch.

    Attributes:
        epoch: Epochs done.
        network: State dict after that epoch.
        optimizer: State dict of the optimiser.
        best_epoch: Epoch with the lowest validation loss so far, counted from 1.
        best_loss: That loss.
        best_network: State dict after that epoch.
        history: A row per epoch: epoch, train_loss, validation_loss.
        kept: Epoch to state dict, of the epochs that were asked for.
    """

    epoch: int
    network: dict[str, Any]
    optimizer: dict[str, Any]
    best_epoch: int
    best_loss: float
    best_network: dict[str, Any]
    history: list[dict[str, float]]
    kept: dict[int, dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """The same as tensors and plain values, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def train(
    network: nn.Module,
    data: tuple[Tensor, ...],
    *,
    batch_loss: BatchLoss,
    validation_loss: ValidationLoss,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    patience: int,
    seed: int,
    device: torch.device,
    precision: str = "fp32",
    compile: bool = False,
    after_steps: Callable[[nn.Module], None] = lambda network: None,
    keep_epochs: Sequence[int] = (),
    state: TrainingState | None = None,
    on_batch: Callable[[int, Tensor], None] = lambda count, loss: None,
    on_epoch: Callable[[TrainingState], None] = lambda state: None,
) -> TrainingState:
    """Train with Adam until `epochs`, or until `patience` epochs brought no lower validation loss.

    Each epoch visits the rows in a fresh order, in batches of equal size; the rows that do not
    fill the last batch are left out of that epoch.

    Args:
        network: Trained in place; ends with the weights of the best epoch.
        data: Tensors of equal length; row i of all of them is one example. They are kept on the
            device, so images are best given as uint8.
        batch_loss: (forward, generator, batch) to the mean loss of the batch, a scalar; forward
            is the network, compiled if asked for; noise is to be drawn from the CPU generator.
        validation_loss: Network in evaluation mode to the loss that stops the training.
        learning_rate: Of Adam, with PyTorch's other defaults.
        batch_size: Examples in a batch; more than there are means all.
        epochs: Epochs at most.
        patience: Epochs without improvement after which to stop.
        seed: Seed of order and noise.
        device: Where to compute.
        precision: "fp32", or "bf16" for automatic mixed precision in the training passes.
        compile: Pass the network through torch.compile for the training passes.
        after_steps: Called with the network after each epoch's steps, before it is validated and
            its weights are kept; here batch norm's statistics are brought up to the weights.
        keep_epochs: Epochs whose weights are kept in the state.
        state: State to go on from.
        on_batch: Called with the number of examples done and their mean loss.
        on_epoch: Called with the state after each epoch.

    Returns:
        The state after the last epoch.

    Raises:
        InputError: Fewer than two examples, or the loss is not finite any more.
    """
    count = len(data[0])
    if count < 2:
        raise InputError(f"there are {count} training images: batch norm needs at least 2")
    batch_size = min(batch_size, count)
    network.to(device=device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
    data = tuple(tensor.to(device) for tensor in data)
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    forward: Forward = torch.compile(network, dynamic=False) if compile else network
    if state is None:
        state = TrainingState(0, {}, {}, 0, math.inf, {}, [], {})
    else:
        network.load_state_dict(state.network)
        optimizer.load_state_dict(state.optimizer)

    while state.epoch < epochs and state.epoch - state.best_epoch < patience:
        epoch = state.epoch + 1
        generator = epoch_generator(seed, epoch)
        order = torch.randperm(count, generator=generator)[: count - count % batch_size]
        total = torch.zeros((), device=device)
        network.train()
        for indices in order.view(-1, batch_size):
            batch = tuple(tensor[indices.to(device)] for tensor in data)
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
                loss = batch_loss(forward, generator, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
            on_batch(batch_size, loss.detach())
        after_steps(network)
        network.eval()
        state = _after_epoch(
            state,
            network,
            optimizer,
            train_loss=float(total) / (len(order) // batch_size),
            validation_loss=validation_loss(network),
            keep=epoch in keep_epochs,
        )
        if not math.isfinite(
            state.history[-1]["train_loss"] + state.history[-1]["validation_loss"]
        ):
            raise InputError(
                f"training diverged in epoch {epoch}: the loss is not finite."
                f" Lower the learning rate (now {learning_rate:g})"
            )
        on_epoch(state)
    network.load_state_dict(state.best_network)
    network.eval()
    return state


def _after_epoch(
    state: TrainingState,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    train_loss: float,
    validation_loss: float,
    keep: bool,
) -> TrainingState:
    epoch = state.epoch + 1
    weights = deepcopy(network.state_dict())
    improved = validation_loss < state.best_loss
    row = {"epoch": epoch, "train_loss": train_loss, "validation_loss": validation_loss}
    return TrainingState(
        epoch=epoch,
        network=weights,
        optimizer=deepcopy(optimizer.state_dict()),
        best_epoch=epoch if improved else state.best_epoch,
        best_loss=validation_loss if improved else state.best_loss,
        best_network=weights if improved else state.best_network,
        history=[*state.history, row],
        kept={**state.kept, epoch: weights} if keep else state.kept,
    )


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """CPU generator of one epoch: a function of seed and epoch alone."""
    (word,) = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(word >> np.uint64(1)))


def as_input(images: Tensor) -> Tensor:
    """Images (N, C, H, W) uint8 in 0..255 as float32 in [0, 1], laid out as `MEMORY_FORMAT`."""
    return images.to(torch.float32, memory_format=MEMORY_FORMAT).div_(255)


def noisy_input(
    images: Tensor, noise_std: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Input and target of an autoencoder; they differ for a denoising one (Vincent et al. 2008).

    Args:
        images: (N, C, H, W) uint8.
        noise_std: Standard deviation of Gaussian noise added to the input and not to the target,
            in units of the pixel range.
        generator: Source of the noise, on the CPU.
    """
    target = as_input(images)
    if not noise_std:
        return target, target
    noise = torch.randn(target.shape, generator=generator)
    return target + noise_std * noise.to(target.device), target


def reconstruction_loss(noise_std: float) -> BatchLoss:
    """Training loss of an autoencoder: eq. 2 of Feeney & Hughes averaged over the batch.

    Args:
        noise_std: As of `noisy_input`.
    """

    def loss(forward: Forward, generator: torch.Generator, batch: tuple[Tensor, ...]) -> Tensor:
        x, target = noisy_input(batch[0], noise_std, generator)
        return mse_loss(forward(x).float(), target)

    return loss


def mean_reconstruction_loss(
    images: Tensor, *, batch_size: int, device: torch.device
) -> ValidationLoss:
    """Validation loss of an autoencoder: eq. 2 averaged over all images, in float32, no noise.

    Args:
        images: (N, C, H, W) uint8.
        batch_size: Images at a time.
        device: Where to compute.
    """

    @torch.no_grad()
    def loss(network: nn.Module) -> float:
        total = 0.0
        for batch in images.split(batch_size):
            x = as_input(batch.to(device))
            total += float(mse_loss(network(x), x)) * len(batch)
        return total / len(images)

    return loss
