"""What training and evaluating a classifier needs beside the loop of `training.loop`."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from novelty_maps.networks.inputs import BatchLoss, Forward, ValidationLoss, as_input, batch_of


def class_targets(labels: "pd.Series[int]") -> tuple[list[int], Tensor]:
    """The classes in ascending order, and each label's place among them: (N,) int64."""
    classes, places = np.unique(labels.to_numpy(), return_inverse=True)
    return classes.tolist(), torch.from_numpy(places.astype(np.int64))


def classes_seen(training: pd.DataFrame) -> dict[bool, int]:
    """How many classes a classifier is trained on, by whether it sees the novel ones.

    Args:
        training: `label` and `novel` of the images of the training part.
    """
    return {
        sees_novel: training.loc[training["novel"] <= sees_novel, "label"].nunique()
        for sees_novel in (False, True)
    }


def classification_loss() -> BatchLoss:
    """Mean cross-entropy in nats of a batch of uint8 images and targets."""

    def loss(forward: Forward, generator: torch.Generator, batch: tuple[Tensor, ...]) -> Tensor:
        images, targets = batch
        return cross_entropy(forward(as_input(images)).float(), targets)

    return loss


def error_rate(
    images: Tensor, targets: Tensor, *, batch_size: int, device: torch.device
) -> ValidationLoss:
    """Validation loss of a classifier: the share of images that it gets wrong, in float32.

    Args:
        images: (N, C, H, W) uint8.
        targets: (N,) int64.
        batch_size: Images at a time, fewer of large ones as of `batch_of`.
        device: Where to compute.
    """
    size = batch_of(batch_size, images.shape[1:], device)

    @torch.no_grad()
    def loss(network: nn.Module) -> float:
        wrong = 0
        for batch, target in zip(images.split(size), targets.split(size), strict=True):
            predicted = network.logits(as_input(batch.to(device))).argmax(dim=1).cpu()  # type: ignore[operator]
            wrong += int((predicted != target).sum())
        return wrong / len(images)

    return loss
