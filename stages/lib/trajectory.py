"""How the comparison of the maps changes while a network is trained: a row per kept epoch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import mse_loss

from stages.lib import decomposition, summary
from stages.lib.agreement import COMPARED_MAPS
from stages.lib.maps import compute_maps
from stages.lib.training import as_input


def epochs_to_evaluate(keep_epochs: list[int], *, last: int, best: int) -> list[int]:
    """The kept epochs that training reached, and the epoch whose weights are the result.

    Args:
        keep_epochs: Epochs asked for.
        last: Epochs that were trained.
        best: Epoch with the lowest validation loss, 0 for weights that were not trained here.
    """
    return sorted({epoch for epoch in keep_epochs if epoch <= last} | {best})


def evaluate_network(
    network: nn.Module,
    images: NDArray[np.uint8],
    rows: pd.DataFrame,
    *,
    k: int,
    samples: int,
    generator: np.random.Generator,
    batch_size: int,
    device: torch.device,
    on_batch: Callable[[int], object] = lambda count: None,
) -> dict[str, Any]:
    """The numbers of `metrics/agreement.json` and `metrics/explanation.json` as one flat row.

    Args:
        network: Autoencoder in evaluation mode.
        images: (N, C, H, W) uint8.
        rows: The images' rows of the index table.
        k: Headline K.
        samples: Bootstrap samples.
        generator: Source of randomness.
        batch_size: Images at a time; changes nothing but float32 rounding.
        device: Where to compute.
        on_batch: Called with the number of images done.

    Returns:
        Column to value, `gradient_residual` of the first batch first.
    """
    collected: dict[str, list[NDArray[np.float32]]] = {method: [] for method in COMPARED_MAPS}
    for batch in compute_maps(
        network, images, methods=COMPARED_MAPS, batch_size=batch_size, device=device
    ):
        for method in COMPARED_MAPS:
            collected[method].append(batch[method])
        on_batch(len(batch["saliency"]))
    residual = gradient_residual(
        network, images[:batch_size], {method: parts[0] for method, parts in collected.items()}
    )
    maps = {method: np.concatenate(parts) for method, parts in collected.items()}
    table, _ = summary.image_table(maps, rows, k=k)
    numbers = summary.summarise(
        table,
        k=k,
        image_shape=maps["saliency"].shape[1:],
        samples=samples,
        generator=generator,
    )
    explanation = decomposition.explain_agreement(table, samples=samples, generator=generator)
    return {"gradient_residual": residual} | summary.flatten(numbers) | summary.flatten(explanation)


def gradient_residual(
    network: nn.Module, images: NDArray[np.uint8], terms: Mapping[str, NDArray[np.float32]]
) -> float:
    """How far the two terms are from adding up to the gradient that autograd finds by itself.

    Autograd differentiates the loss (eq. 2 of Feeney & Hughes) with the image in both its roles.

    Args:
        network: Autoencoder on the CPU, in evaluation mode.
        images: (N, C, H, W) uint8.
        terms: direct_term and indirect_term of these images, (N, H, W) float32.

    Returns:
        Largest over the images of ‖ |d + i| − |∇L| ‖ / ‖∇L‖, where |∇L| is the maximum over
        channels; float32 rounding if all is well.
    """
    x = as_input(torch.from_numpy(np.array(images))).requires_grad_()
    loss = mse_loss(network(x), x, reduction="none").mean(dim=(1, 2, 3)).sum()
    (gradient,) = torch.autograd.grad(loss, x)
    expected = gradient.abs().amax(dim=1).numpy()
    found = np.abs(terms["direct_term"] + terms["indirect_term"])
    norms = [np.linalg.norm(v.reshape(len(v), -1), axis=1) for v in (found - expected, expected)]
    return float((norms[0] / norms[1]).max())
