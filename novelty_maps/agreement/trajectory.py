"""How the comparison of the maps changes while a network is trained: a row per kept epoch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import mse_loss

from novelty_maps.agreement.summary import summarise
from novelty_maps.agreement.tables import image_table
from novelty_maps.agreement.terms import explain_agreement
from novelty_maps.networks.inputs import as_input
from novelty_maps.pipeline import formats


def epochs_to_evaluate(keep_epochs: list[int], *, last: int, best: int) -> list[int]:
    """The kept epochs that training reached, and the epoch whose weights are the result.

    Args:
        keep_epochs: Epochs asked for.
        last: Epochs that were trained.
        best: Epoch with the lowest validation loss, 0 for weights that were not trained here.
    """
    return sorted({epoch for epoch in keep_epochs if epoch <= last} | {best})


def summary_row(
    maps: Mapping[str, NDArray[np.float32]],
    rows: pd.DataFrame,
    *,
    k: int,
    samples: int,
    generator: np.random.Generator,
    null_generator: np.random.Generator,
) -> dict[str, Any]:
    """The numbers of `metrics/agreement.json` and `metrics/explanation.json` as one flat row.

    Args:
        maps: As of `tables.image_table`.
        rows: The images' rows of the index table.
        k: Headline K.
        samples: Bootstrap samples.
        generator: Source of randomness of the intervals.
        null_generator: That of the nulls, as of `tables.image_table`.

    Returns:
        Column to value, as of `formats.flatten`.
    """
    table, _ = image_table(maps, rows, k=k, generator=null_generator)
    _, height, width = maps["saliency"].shape
    numbers = summarise(
        table, k=k, image_shape=(height, width), samples=samples, generator=generator
    )
    explanation = explain_agreement(table, samples=samples, generator=generator)
    return formats.flatten(numbers) | formats.flatten(explanation)


def gradient_residual(
    network: nn.Module,
    images: NDArray[np.uint8],
    maps: Mapping[str, NDArray[np.float32]],
    *,
    first: int,
) -> float:
    """How far the two terms are from adding up to the gradient that autograd finds by itself.

    Autograd differentiates the loss (eq. 2 of Feeney & Hughes) with the image in both its roles.

    Args:
        network: Autoencoder on the CPU, in evaluation mode.
        images: (N, C, H, W) uint8.
        maps: direct_term and indirect_term of the images, (N, H, W) float32.
        first: Number of images to look at, from the first on.

    Returns:
        Largest over these images of ‖ |d + i| − |∇L| ‖ / ‖∇L‖, where |∇L| is the maximum over
        channels; float32 rounding if all is well.
    """
    x = as_input(torch.from_numpy(np.array(images[:first]))).requires_grad_()
    loss = mse_loss(network(x), x, reduction="none").mean(dim=(1, 2, 3)).sum()
    (gradient,) = torch.autograd.grad(loss, x)
    expected = gradient.abs().amax(dim=1).numpy()
    found = np.abs(maps["direct_term"][:first] + maps["indirect_term"][:first])
    norms = [np.linalg.norm(v.reshape(len(v), -1), axis=1) for v in (found - expected, expected)]
    return float((norms[0] / norms[1]).max())
