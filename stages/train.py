"""Stage `train`: the autoencoder, trained on normal images or taken from a checkpoint."""

from typing import TYPE_CHECKING

from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections

if TYPE_CHECKING:
    from novelty_maps.autoencoders.train import Trained


def main(train: TrainParams) -> None:
    """Train the autoencoder on the normal training images.

    The weights kept are those of the epoch with the lowest loss on normal validation images.
    Interrupted, the same command goes on after the last finished epoch.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    from novelty_maps.training.processes import launch

    launch(_train, train, processes=train.processes, device=train.device)


def _train(train: TrainParams) -> None:
    """What each process does; the first writes what comes out."""
    import torch

    from novelty_maps.autoencoders.files import AUTOENCODER
    from novelty_maps.autoencoders.train import train_autoencoder
    from novelty_maps.machine.devices import select_device, warn_of_slow_precision
    from novelty_maps.pipeline.parts import load_part
    from novelty_maps.pipeline.paths import RAW_IMAGES, SPLIT
    from novelty_maps.training import processes
    from novelty_maps.training.checkpoints import Checkpoint, source_files
    from novelty_maps.training.files import TRAINING_CURVE
    from novelty_maps.training.loop import threads_of
    from novelty_maps.training.progress import growing_curve

    device = select_device(train.device)
    warn_of_slow_precision(train.precision, device)
    images = {
        part: torch.from_numpy(load_part(part, novel=False)[0].in_order())
        for part in ("train", "validation")
    }
    files = [RAW_IMAGES, SPLIT, *source_files("autoencoders")]
    threads = threads_of(images["train"], train.batch_size)
    checkpoint = Checkpoint(train.model_dump(), files, device=device, threads=threads)
    watch = growing_curve(TRAINING_CURVE, AUTOENCODER)
    trained = train_autoencoder(train, images, checkpoint, device=device, watch=watch)
    if processes.rank() == 0:
        _write(trained)
        checkpoint.remove()


def _write(trained: "Trained") -> None:
    """Replace all outputs together."""
    import pandas as pd

    from novelty_maps.autoencoders.files import (
        AUTOENCODER,
        KEPT_EPOCHS,
        KEPT_LIST,
        epoch_path,
    )
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.training.files import TRAINING_CURVE, TRAINING_METRICS

    kept_files = {epoch_path(epoch): weights for epoch, weights in trained.kept.items()}
    kept_files |= {epoch_path(e, running=True): w for e, w in trained.kept_running.items()}
    with atomic.written_together():
        formats.write_torch(AUTOENCODER, trained.weights)
        for path, weights in kept_files.items():
            formats.write_torch(path, weights)
        formats.write_table(KEPT_LIST, pd.DataFrame({"file": [path.name for path in kept_files]}))
        formats.write_table(TRAINING_CURVE, pd.DataFrame(trained.history))
        formats.write_json(TRAINING_METRICS, trained.metrics)
    atomic.remove_others(KEPT_EPOCHS, [*kept_files, KEPT_LIST])


if __name__ == "__main__":
    run(from_sections(main))
