"""What training and evaluating a classifier needs beside the loop in `training.py`."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from stages.lib.devices import MEMORY_FORMAT
from stages.lib.training import BatchLoss, Forward, ValidationLoss, as_input


def class_targets(labels: "pd.Series[int]") -> tuple[list[int], Tensor]:
    """The classes in ascending order, and each label's place among them: (N,) int64."""
    classes, places = np.unique(labels.to_numpy(), return_inverse=True)
    return classes.tolist(), torch.from_numpy(places.astype(np.int64))


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
        batch_size: Images at a time.
        device: Where to compute.
    """

    @torch.no_grad()
    def loss(network: nn.Module) -> float:
        wrong = 0
        for batch, target in zip(images.split(batch_size), targets.split(batch_size), strict=True):
            predicted = network.logits(as_input(batch.to(device))).argmax(dim=1).cpu()  # type: ignore[operator]
            wrong += int((predicted != target).sum())
        return wrong / len(images)

    return loss


@torch.no_grad()
def embed(
    network: nn.Module,
    images: NDArray[np.uint8],
    *,
    batch_size: int,
    device: torch.device,
    on_batch: Callable[[int], object] = lambda count: None,
) -> dict[str, NDArray[np.float32]]:
    """What a network's `outputs` method says of each image.

    Args:
        network: In evaluation mode; `outputs` maps images to named tensors with a row an image.
        images: (N, C, H, W) uint8.
        batch_size: Images at a time; changes nothing but float32 rounding.
        device: Where to compute.
        on_batch: Called with the number of images done.

    Returns:
        Name to array (N, ...), float32.
    """
    network.to(device=device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
    batches: list[dict[str, NDArray[np.float32]]] = []
    for start in range(0, len(images), batch_size):
        batch = torch.from_numpy(np.array(images[start : start + batch_size]))
        outputs = network.outputs(as_input(batch.to(device)))  # type: ignore[operator]
        batches.append({name: value.float().cpu().numpy() for name, value in outputs.items()})
        on_batch(len(batch))
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
