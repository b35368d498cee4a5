"""One training loop, for whatever network and loss: precision, early stop, history, resume.

The images stay uint8 in memory and batches are gathered by index, which on a CPU is several times
faster than a DataLoader that converts image by image (`benchmarks/training.py`).
Every epoch draws from a generator made of seed and epoch alone, so that a resumed run continues
exactly as the uninterrupted one would have.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from novelty_maps.machine.devices import on_threads, threads_for
from novelty_maps.networks.inputs import (
    MEMORY_FORMAT,
    BatchLoss,
    Forward,
    ValidationLoss,
    seeded_generator,
)
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training import parallel, processes
from novelty_maps.training.optimisation import SCHEDULES, optimizer_of
from novelty_maps.training.state import TrainingState, after_epoch, with_running


def train(
    network: nn.Module,
    data: tuple[Tensor, ...],
    *,
    batch_loss: BatchLoss,
    validation_loss: ValidationLoss,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    epoch_steps: int | None = None,
    patience: int,
    seed: int,
    device: torch.device,
    precision: str = "fp32",
    compile: bool = False,
    schedule: str = "constant",
    weight_decay: float = 0.0,
    after_steps: Callable[[nn.Module], None] = lambda network: None,
    keep_epochs: Sequence[int] = (),
    keep_running: Sequence[int] = (),
    state: TrainingState | None = None,
    on_batch: Callable[[int, Tensor], None] = lambda count, loss: None,
    on_epoch: Callable[[TrainingState], None] = lambda state: None,
) -> TrainingState:
    """Train with AdamW until `epochs`, or until `patience` epochs brought no lower validation loss.

    A validation loss of 0 is the lowest that there is: training then goes on only to epochs that
    are to be kept.

    Each epoch visits the rows in a fresh order, in batches of equal size; the rows that do not
    fill the last batch are left out of that visit. An epoch has as many visits as it needs to have
    `epoch_steps`.

    In several processes (`training.processes`) every one calls this with the same arguments, and
    takes its share of each batch (`parallel`); all return the same state, but for what is kept of
    `keep_running`, which is each one's own.

    Args:
        network: Trained in place; ends with the weights of the best epoch.
        data: Tensors of equal length; row i of all of them is one example. They are kept on the
            device, so images are best given as uint8.
        batch_loss: (forward, generator, batch) to the mean loss of the batch, a scalar; forward
            is the network, compiled if asked for; noise is to be drawn from the CPU generator.
        validation_loss: Network in evaluation mode to the loss that stops the training, 0 or more;
            called in the first process alone.
        learning_rate: Of Adam, with PyTorch's other defaults; the highest one of a schedule.
        batch_size: Examples in a batch, over all processes; more than there are means all.
        epochs: Epochs at most.
        epoch_steps: Steps of an epoch at least; None for one visit.
        patience: Epochs without improvement after which to stop.
        seed: Seed of order and noise.
        device: Where to compute.
        precision: "fp32", or "bf16" for automatic mixed precision in the training passes.
        compile: Pass the network through torch.compile for the training passes.
        schedule: Of the learning rate over all steps, one of `optimisation.SCHEDULES`.
        weight_decay: As of `optimisation.optimizer_of`.
        after_steps: Called with the network after each epoch's steps, before it is validated and
            its weights are kept, in the first process alone; here batch norm's statistics are
            brought up to the weights.
        keep_epochs: Epochs whose weights are kept in the state.
        keep_running: Epochs whose weights are kept as they are before `after_steps`.
        state: State to go on from.
        on_batch: Called with the number of examples done and their mean loss.
        on_epoch: Called with the state after each epoch.

    Returns:
        The state after the last epoch.

    Raises:
        InputError: Fewer than two examples a process, or the loss is not finite any more.
    """
    require_training_images(len(data[0]), processes.world_size())
    batch_size = parallel.whole_batch(batch_size, len(data[0]))
    data = tuple(tensor.to(device) for tensor in data)
    optimizer, state = _begun(network, device, state, learning_rate, weight_decay)
    per_epoch = steps_of_epoch(len(data[0]), batch_size, epoch_steps)
    scheduler = SCHEDULES[schedule](optimizer, learning_rate, per_epoch, epochs, state.epoch)
    forward = parallel.data_parallel(network, compile=compile)
    steps = _Steps(forward, optimizer, scheduler, batch_loss, precision, epoch_steps, on_batch)
    end = _End(after_steps, validation_loss, keep_epochs, keep_running, learning_rate, on_epoch)
    with on_threads(threads_of(data[0], batch_size)):
        while _goes_on(state, epochs, patience, (*keep_epochs, *keep_running)):
            network.train()
            train_loss = steps.take(data, batch_size, epoch_generator(seed, state.epoch + 1))
            state = end.of_epoch(state, network, optimizer, train_loss)
    network.eval().load_state_dict(state.best_network)
    return state


def _goes_on(state: TrainingState, epochs: int, patience: int, keep: Sequence[int]) -> bool:
    """Whether another epoch may lower the validation loss, or is on the way to one to be kept."""
    if state.epoch >= epochs or state.epoch - state.best_epoch >= patience:
        return False
    return state.best_loss > 0 or any(state.epoch < epoch <= epochs for epoch in keep)


def threads_of(images: Tensor, batch_size: int) -> int:
    """Threads that `train` takes on the CPU, in each process: as its share of a batch needs."""
    share = parallel.whole_batch(batch_size, len(images)) // processes.world_size()
    return threads_for(share * images.shape[1:].numel())


def visits_of_epoch(count: int, batch_size: int, epoch_steps: int | None) -> int:
    """How often an epoch visits each of so many rows; the batch is no larger than they are."""
    return -(-(epoch_steps or 1) // (count // batch_size))


def steps_of_epoch(count: int, batch_size: int, epoch_steps: int | None) -> int:
    """Steps of an epoch; arguments as of `visits_of_epoch`."""
    return visits_of_epoch(count, batch_size, epoch_steps) * (count // batch_size)


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """CPU generator of one epoch: a function of seed and epoch alone."""
    return seeded_generator(seed, epoch)


@dataclass(frozen=True)
class _Steps:
    """The steps of an epoch."""

    forward: Forward
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    batch_loss: BatchLoss
    precision: str
    epoch_steps: int | None
    on_batch: Callable[[int, Tensor], None]

    def take(self, data: tuple[Tensor, ...], batch_size: int, generator: torch.Generator) -> float:
        """Visit the rows in fresh orders, in full batches; returns the mean of their losses."""
        count, device = len(data[0]), data[0].device
        visits = range(visits_of_epoch(count, batch_size, self.epoch_steps))
        full = count - count % batch_size
        order = torch.cat([torch.randperm(count, generator=generator)[:full] for _ in visits])
        total = torch.zeros((), device=device)
        generator = parallel.own_noise(generator)
        for indices in parallel.shard(order.view(-1, batch_size)):
            batch = tuple(tensor[indices.to(device)] for tensor in data)
            with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                loss = self.batch_loss(self.forward, generator, batch)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            total += loss.detach()
            self.on_batch(batch_size, loss.detach())
        return parallel.mean_of_all(total) / (len(order) // batch_size)


@dataclass(frozen=True)
class _End:
    """What comes after the steps of an epoch."""

    after_steps: Callable[[nn.Module], None]
    validation_loss: ValidationLoss
    keep_epochs: Sequence[int]
    keep_running: Sequence[int]
    learning_rate: float
    on_epoch: Callable[[TrainingState], None]

    def of_epoch(
        self,
        state: TrainingState,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        train_loss: float,
    ) -> TrainingState:
        """The state after one more epoch, whose steps are taken."""
        state = with_running(state, network, self.keep_running)
        parallel.changed_by_first(network, self.after_steps)
        measured = parallel.measured_by_first(network.eval(), self.validation_loss)
        losses = train_loss, measured
        state = after_epoch(state, network, optimizer, losses, self.keep_epochs)
        _require_finite(state, self.learning_rate)
        self.on_epoch(state)
        return state


def require_training_images(count: int, shares: int = 1) -> None:
    """Raise InputError unless there are enough images to train on, in so many processes."""
    if count < 2 * shares:
        asked = f"at least 2 in each of {shares} processes" if shares > 1 else "at least 2"
        raise InputError(
            f"there are {count} training images: batch norm needs {asked}, so add images"
        )


def _begun(
    network: nn.Module,
    device: torch.device,
    state: TrainingState | None,
    learning_rate: float,
    weight_decay: float,
) -> tuple[torch.optim.Optimizer, TrainingState]:
    """The optimiser of the network, which goes to the device, and the state to go on from.

    It is loaded into both; for a new run, it is an empty one.
    """
    network.to(device=device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
    optimizer = optimizer_of(network, learning_rate=learning_rate, weight_decay=weight_decay)
    if state is None:
        return optimizer, TrainingState(0, {}, {}, 0, math.inf, {}, [], {})
    network.load_state_dict(state.network)
    optimizer.load_state_dict(state.optimizer)
    return optimizer, state


def _require_finite(state: TrainingState, learning_rate: float) -> None:
    row = state.history[-1]
    if not math.isfinite(row["train_loss"] + row["validation_loss"]):
        raise InputError(
            f"training diverged in epoch {state.epoch}: the loss is not finite."
            f" Lower the learning rate (now {learning_rate:g})"
        )
