"""Training as a person sees it: a bar with rate and loss, a curve that grows with every epoch."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor, nn
from tqdm import tqdm

from novelty_maps.pipeline import formats
from novelty_maps.training import processes
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.loop import train, visits_of_epoch
from novelty_maps.training.parallel import whole_batch
from novelty_maps.training.state import TrainingState

Watch = Callable[[TrainingState], None]  # called after every epoch


def history_table(state: TrainingState) -> pd.DataFrame:
    """A row per epoch: epoch, train_loss, validation_loss."""
    return pd.DataFrame(state.history)


def growing_curve(
    curve: Path,
    weights: Path,
    table: Callable[[TrainingState], pd.DataFrame] = history_table,
) -> Watch:
    """What writes the curve of a training after every epoch, so that it can be watched.

    A curve on the disk is that of the weights beside it: where an earlier run has left weights,
    they and their curve stay until both are replaced together.

    Args:
        curve: The file, a .csv.
        weights: The file with the weights that the training makes.
        table: What is in the file after an epoch.
    """

    def write(state: TrainingState) -> None:
        if not weights.exists():
            formats.write_table(curve, table(state))

    return write


def train_with_progress(
    network: nn.Module,
    data: tuple[Tensor, ...],
    checkpoint: Checkpoint,
    *,
    watch: Watch = lambda state: None,
    **settings: Any,
) -> TrainingState:
    """`loop.train` with a progress bar, from the checkpoint on if there is one.

    Of several processes all go on from the checkpoint, and the first alone saves it.

    Args:
        network: Trained in place.
        data: As of `train`.
        checkpoint: Where the run is resumed from and saved to after every epoch.
        watch: As of `growing_curve`.
        **settings: The keywords of `train`.
    """
    state = checkpoint.load()
    done = 0 if state is None else state.epoch
    if state is not None:
        print(f"going on after epoch {done} ({checkpoint.path})", file=sys.stderr)
    count, epochs = len(data[0]), settings["epochs"]
    batch_size = whole_batch(settings["batch_size"], count)
    visits = visits_of_epoch(count, batch_size, settings.get("epoch_steps"))
    per_epoch = visits * (count - count % batch_size)
    with tqdm(
        total=epochs * per_epoch,
        initial=done * per_epoch,
        unit="img",
        unit_scale=True,
        mininterval=0.5 if sys.stderr.isatty() else 10,
    ) as bar:

        def on_batch(count: int, loss: Tensor) -> None:
            # Reading a loss waits for the device: only when the bar is drawn.
            if bar.update(count):
                bar.set_postfix(loss=f"{float(loss):.5f}", refresh=False)

        def on_epoch(state: TrainingState) -> None:
            if processes.rank() == 0:
                checkpoint.save(state)
                watch(state)
            loss = state.history[-1]["validation_loss"]
            bar.set_description(
                f"epoch {state.epoch}/{epochs} validation {loss:.5f}", refresh=False
            )

        return train(network, data, state=state, on_batch=on_batch, on_epoch=on_epoch, **settings)
