"""Where the stage `train` leaves the autoencoder; `trained` reads it."""

from pathlib import Path

AUTOENCODER = Path("data/model/autoencoder.pt")
KEPT_EPOCHS = Path("data/model/epochs")


def epoch_path(epoch: int) -> Path:
    """Weights of the autoencoder after an epoch of `train.keep_epochs`."""
    return KEPT_EPOCHS / f"epoch_{epoch:04d}.pt"
