"""Stage `trajectory_ranks`: the same as `ranks` of each network whose weights were kept."""

from typing import TYPE_CHECKING, Annotated, Any

from novelty_maps.params.maps import MapsParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from novelty_maps.autoencoders.base import Autoencoder
    from novelty_maps.pipeline.rows import Images


def main(
    maps: Annotated[MapsParams, reads("batch_size", "device")],
    train: Annotated[TrainParams, reads("keep_epochs")],
) -> None:
    """Compute and order the maps of the test images after each of train.keep_epochs.

    Those of the best epoch are there already; of it, as of all, the gradient is checked.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from novelty_maps.agreement import files
    from novelty_maps.agreement.kept import epochs_to_evaluate, gradient_residual
    from novelty_maps.agreement.ranks import rank_maps
    from novelty_maps.autoencoders.files import AUTOENCODER
    from novelty_maps.machine.devices import select_device
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.pipeline.parts import load_boxes, load_part
    from novelty_maps.training.files import read_training_curve, read_training_metrics

    images, rows = load_part("test")
    novel, boxes = rows["novel"].to_numpy() == 1, load_boxes(rows)
    settings = {"boxes": boxes, "batch_size": maps.batch_size, "device": select_device(maps.device)}
    training, curve = read_training_metrics(), read_training_curve().set_index("epoch")
    best = training["best_epoch"]
    epochs = epochs_to_evaluate(train.keep_epochs, last=training["epochs"], best=best)
    networks = [each for epoch in epochs for each in _weights(epoch, best)]
    table, written = [], [files.NETWORKS]
    total = (len(networks) - 1) * len(images)
    with atomic.written_together(), tqdm(total=total, unit="img", mininterval=0.5) as bar:
        for row, path in networks:
            network, found = _compared(path, images, on_batch=bar.update, **settings)
            if path != AUTOENCODER:
                ranks = rank_maps(found, novel, generator=np.random.default_rng(1), boxes=boxes)
                paths = files.rank_paths(row["epoch"], running=row["running"] == 1)
                files.write_ranks(ranks, paths)
                written += paths
            loss = None if row["running"] else curve["validation_loss"].get(row["epoch"])
            residual = gradient_residual(network, images, found, first=maps.batch_size, boxes=boxes)
            table.append(row | {"validation_loss": loss, "gradient_residual": residual})
        formats.write_table(files.NETWORKS, pd.DataFrame(table))
    atomic.remove_others(files.TRAJECTORY_RANKS, written)


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
    path: "Path", images: "Images", **settings: Any
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
