"""The state of a training between two epochs."""

from dataclasses import dataclass, field, fields
from typing import Any


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
        kept_running: The same before `after_steps`, with batch norm's moving averages; only of a
            training that was asked for them. They are moved on from the statistics that
            `after_steps` made after the epoch before, and forget these over its steps.
    """

    epoch: int
    network: dict[str, Any]
    optimizer: dict[str, Any]
    best_epoch: int
    best_loss: float
    best_network: dict[str, Any]
    history: list[dict[str, float]]
    kept: dict[int, dict[str, Any]]
    kept_running: dict[int, dict[str, Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same as tensors and plain values, to be saved."""
        return {own.name: getattr(self, own.name) for own in fields(self)}
