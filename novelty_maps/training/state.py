"""The state of a training between two epochs."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from torch import nn


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


def with_running(
    state: TrainingState, network: nn.Module, keep_running: Sequence[int]
) -> TrainingState:
    """The state with the weights as the steps of the coming epoch have left them, if asked for."""
    epoch = state.epoch + 1
    if epoch not in keep_running:
        return state
    running = {**state.kept_running, epoch: deepcopy(network.state_dict())}
    return replace(state, kept_running=running)


def after_epoch(
    state: TrainingState,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    losses: tuple[float, float],
    keep_epochs: Sequence[int],
) -> TrainingState:
    """The state of one more epoch, of which losses in training and validation are given."""
    epoch = state.epoch + 1
    train_loss, validation_loss = losses
    weights = deepcopy(network.state_dict())
    improved = validation_loss < state.best_loss
    row = {"epoch": epoch, "train_loss": train_loss, "validation_loss": validation_loss}
    return replace(
        state,
        epoch=epoch,
        network=weights,
        optimizer=deepcopy(optimizer.state_dict()),
        best_epoch=epoch if improved else state.best_epoch,
        best_loss=validation_loss if improved else state.best_loss,
        best_network=weights if improved else state.best_network,
        history=[*state.history, row],
        kept={**state.kept, epoch: weights} if epoch in keep_epochs else state.kept,
    )
