"""The record of the autoencoder's training, as the stages after `train` read it."""

from pathlib import Path
from typing import Any

import pandas as pd

from novelty_maps.pipeline import formats

TRAINING_CURVE = Path("metrics/training.csv")
TRAINING_METRICS = Path("metrics/training.json")


def read_training_curve() -> pd.DataFrame:
    """A row per epoch: `epoch` from 1, `train_loss` (empty without training), `validation_loss`.

    A network that was not trained has one row, epoch 0.
    """
    return formats.read_table(
        TRAINING_CURVE,
        columns=["train_loss", "validation_loss"],
        integers=["epoch"],
        made_by="train",
    )


def read_training_metrics() -> dict[str, Any]:
    """`epochs` trained, `best_epoch`, whose weights were kept, and its `validation_loss`."""
    return formats.read_json(
        TRAINING_METRICS, keys=["epochs", "best_epoch", "validation_loss"], made_by="train"
    )
