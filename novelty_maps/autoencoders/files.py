"""Where the stage `train` leaves the autoencoder; `trained` reads it."""

from pathlib import Path

AUTOENCODER = Path("data/model/autoencoder.pt")
KEPT_EPOCHS = Path("data/model/epochs")
KEPT_LIST = KEPT_EPOCHS / "kept.csv"  # their files; DVC warns of an empty folder


def epoch_path(epoch: int, *, running: bool = False) -> Path:
    """Weights of the autoencoder after an epoch of `train.keep_epochs`.

    Args:
        epoch: The epoch.
        running: With batch norm's moving averages, of a training with `train.batch_norm` both.
    """
    return KEPT_EPOCHS / f"epoch_{epoch:04d}{'.running' if running else ''}.pt"
