"""Captum's attributions of one's own network, held against what is known to be novel.

The network reconstructs handwritten zeros from eight principal components. Each test image has a
square planted into it, so that it is known which pixels a map should show. Of principal components
the gradient is a multiple of the error, so that saliency finds what the error finds. Run it by
`python docs/examples/attributions.py`.
"""

import numpy as np
import pandas as pd
import torch
from captum.attr import InputXGradient, IntegratedGradients, Occlusion, Saliency
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor, nn

from novelty_maps.api import MapMetric, aupro, pooled_separation, top_k_agreement

K = 4  # pixels of the square


def principal_components(images: Tensor, count: int) -> nn.Module:
    """An autoencoder with the principal components of images (N, 1, H, W)."""
    rows = images.flatten(1)
    axes = torch.linalg.svd(rows - rows.mean(0), full_matrices=False).Vh[:count]
    encode, decode = nn.Linear(rows.shape[1], count), nn.Linear(count, rows.shape[1])
    with torch.no_grad():
        encode.weight.copy_(axes)
        encode.bias.copy_(-axes @ rows.mean(0))
        decode.weight.copy_(axes.T)
        decode.bias.copy_(rows.mean(0))
    return nn.Sequential(nn.Flatten(), encode, decode, nn.Unflatten(1, images.shape[1:])).eval()


def plant_squares(images: Tensor) -> tuple[Tensor, NDArray[np.bool_]]:
    """Images with 2×2 pixels of each turned into their negative, and where that is, (N, H, W)."""
    generator = np.random.default_rng(0)
    masks = np.zeros((len(images), *images.shape[2:]), bool)
    for mask in masks:
        row, column = generator.integers(0, np.array(mask.shape) - 1)
        mask[row : row + 2, column : column + 2] = True
    return torch.where(torch.from_numpy(masks)[:, None], 1 - images, images), masks


def table() -> pd.DataFrame:
    """A row for each map: what it finds of the squares, and its agreement with the error map."""
    digits = load_digits()
    zeros = torch.tensor(digits.images[digits.target == 0] / 16, dtype=torch.float32)[:, None]
    network = principal_components(zeros[:100], count=8)
    novel, masks = plant_squares(zeros[100:])

    def loss(images: Tensor) -> Tensor:
        return (images - network(images)).square().mean(dim=(1, 2, 3))

    error = (novel - network(novel)).square()[:, 0].detach().numpy()
    maps = {"reconstruction error": error}
    for method, settings in {
        Saliency(loss): {"abs": False},
        InputXGradient(loss): {},
        IntegratedGradients(loss): {"internal_batch_size": len(novel)},
        Occlusion(loss): {"sliding_window_shapes": (1, 2, 2)},
    }.items():
        attribution = method.attribute(novel.clone().requires_grad_(), **settings)
        maps[method.get_name()] = attribution.abs()[:, 0].detach().numpy()

    rows = {}
    for name, map_ in maps.items():
        metric = MapMetric(aupro)
        for start in range(0, len(map_), 32):  # as in a loop over batches
            metric.update(map_[start : start + 32], masks[start : start + 32])
        rows[name] = {
            "pixel AP": pooled_separation(map_, masks).average_precision,
            "AUPRO": metric.compute(),
            f"agreement in the top {K}": top_k_agreement(map_, error, K).mean(),
        }
    return pd.DataFrame(rows).T


if __name__ == "__main__":
    print(table().round(3))
