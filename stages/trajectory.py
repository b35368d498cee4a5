"""Stage `trajectory`: the comparison of the maps after each epoch whose weights were kept."""

from typing import TYPE_CHECKING, Annotated, Any

from novelty_maps.params.maps import MapsParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from novelty_maps.autoencoders.base import Autoencoder


def main(
    metrics: MetricsParams,
    maps: Annotated[MapsParams, reads("batch_size", "device")],
    train: Annotated[TrainParams, reads("keep_epochs")],
) -> None:
    """Compare the maps of the test images along training: train.keep_epochs and the best epoch."""
    from novelty_maps.machine import runtime

    runtime.prepare()

    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from novelty_maps.agreement import trajectory
    from novelty_maps.agreement.files import TRAJECTORY
    from novelty_maps.machine.devices import select_device
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.parts import load_part
    from novelty_maps.training.files import read_training_curve, read_training_metrics

    images, rows = load_part("test")
    settings = {"batch_size": maps.batch_size, "device": select_device(maps.device)}
    training, curve = read_training_metrics(), read_training_curve().set_index("epoch")
    best = training["best_epoch"]
    epochs = trajectory.epochs_to_evaluate(train.keep_epochs, last=training["epochs"], best=best)
    weights = [each for epoch in epochs for each in _weights(epoch, best)]
    table = []
    with tqdm(total=(len(weights) - 1) * len(images), unit="img", mininterval=0.5) as bar:
        for row, path in weights:
            network, found = _compared(path, images, on_batch=bar.update, **settings)
            numbers = trajectory.summary_row(
                found,
                rows,
                k=metrics.k,
                samples=metrics.bootstrap_samples,
                generator=np.random.default_rng([0, row["epoch"]]),
                null_generator=np.random.default_rng(1),  # as in stage `metrics`
            )
            residual = trajectory.gradient_residual(network, images, found, first=maps.batch_size)
            loss = None if row["running"] else curve["validation_loss"].get(row["epoch"])
            checks = {"validation_loss": loss, "gradient_residual": residual}
            table.append(row | checks | numbers)
    formats.write_table(TRAJECTORY, pd.DataFrame(table))


def _weights(epoch: int, best: int) -> "list[tuple[dict[str, int], Path]]":
    """The weights of an epoch: what their row begins with, and their file.

    Those with moving averages for batch norm's statistics are there only where `train` was asked
    for both.
    """
    from novelty_maps.autoencoders.files import AUTOENCODER, epoch_path

    row = {"epoch": epoch, "best": int(epoch == best)}
    found = [(row | {"running": 0}, AUTOENCODER if epoch == best else epoch_path(epoch))]
    running = epoch_path(epoch, running=True)
    return [*found, (row | {"running": 1}, running)] if running.exists() else found


def _compared(
    path: "Path", images: "NDArray[np.uint8]", **settings: Any
) -> "tuple[Autoencoder, dict[str, NDArray[np.float32]]]":
    """A network of a file, and its maps, which stage `maps` has left of the best one."""
    from novelty_maps.autoencoders.files import AUTOENCODER
    from novelty_maps.autoencoders.trained import load_autoencoder
    from novelty_maps.maps.compute import gather_maps
    from novelty_maps.maps.files import load_maps
    from novelty_maps.maps.names import COMPARED_MAPS

    network = load_autoencoder(images.shape[1:], path)
    if path == AUTOENCODER:
        return network, load_maps(COMPARED_MAPS, (len(images), *images.shape[2:]))
    return network, gather_maps(network, images, methods=COMPARED_MAPS, **settings)


if __name__ == "__main__":
    run(from_sections(main))
