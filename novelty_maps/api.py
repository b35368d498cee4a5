"""The measures as functions of arrays, for maps and scores that come from anywhere.

Maps are (N, H, W) float, masks (N, H, W) bool with True = novel; of an image there are `logits`
(N, K), features z (N, D) and a score (N,). Higher is more novel, undefined is NaN. PyTorch is
imported by `pixel_maps` alone.

Two maps of one image, and a map and where the image is novel:

>>> import numpy as np
>>> error = np.array([[[9, 5, 0], [8, 0, 0], [0, 0, 1]]], np.float32)
>>> saliency = np.array([[[9, 0, 5], [8, 0, 0], [0, 0, 1]]], np.float32)
>>> top_k_agreement(error, saliency, k=3)
array([2], dtype=int32)
>>> distance_to_best_match(saliency, error, k=3).maximum
array([1.], dtype=float32)
>>> scaled_map_errors(error, saliency).saliency.round(4)
array([0.0686])
>>> mask = np.array([[[1, 1, 0], [1, 0, 0], [0, 0, 0]]], bool)
>>> pooled_separation(error, mask)
PooledSeparation(auroc=1.0, average_precision=1.0)
>>> image_separation(saliency, mask).average_precision.round(4)
array([0.7778])
>>> round(aupro(saliency, mask, limit=0.3), 4)
0.6667
>>> pointing_game(saliency, mask), relevance_rank_accuracy(saliency, mask).round(4)
(array([1.]), array([0.6667]))

Scores of images. Those of z are fitted on normal training images, and their classes:

>>> max_logit(np.array([[2.0, 0.0], [0.5, 0.5]]))
array([-2. , -0.5])
>>> energy(np.array([[2.0, 0.0], [0.5, 0.5]])).round(3)
array([-2.127, -1.193])
>>> training_z = np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 1.0], [2.0, -1.0]])
>>> z = np.array([[2.0, 0.0], [2.0, 3.0]])
>>> mahalanobis(z, training_z, np.zeros(4, int)).round(6)
array([ 0., 18.])
>>> nearest_neighbours(z, training_z, 1).round(3)
array([0.   , 0.513])

An oracle was told which images are novel. How well a score tells, with a 95% interval:

>>> novel = np.array([False, False, True, True])
>>> linear_oracle(training_z, novel, z, seed=0).round(2)
array([0.5, 0.5])
>>> delong_auroc(novel, np.array([0.1, 0.4, 0.3, 0.9])).estimate
0.75
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from novelty_maps.agreement.curves import (
    Distances,
    agreement_curve,
    distance_curve,
    scaled_map_errors,
)
from novelty_maps.localization.aupro import aupro
from novelty_maps.localization.measures import (
    image_separation,
    pointing_game,
    pooled_separation,
    relevance_rank_accuracy,
)
from novelty_maps.map_metric import MapMetric
from novelty_maps.maps.ranking import require_maps, top_pixels
from novelty_maps.pipeline.errors import InputError
from novelty_maps.representation.latent_scores import (
    kl_matching,
    mahalanobis,
    nearest_neighbours,
    relative_mahalanobis,
    vim,
)
from novelty_maps.representation.oracles import forest_oracle, linear_oracle, mlp_oracle
from novelty_maps.representation.scores import (
    energy,
    entropy,
    max_logit,
    maximum_softmax_probability,
)
from novelty_maps.statistics.auroc import delong_auroc

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "MapMetric",
    "aupro",
    "delong_auroc",
    "distance_to_best_match",
    "energy",
    "entropy",
    "forest_oracle",
    "image_separation",
    "kl_matching",
    "linear_oracle",
    "mahalanobis",
    "max_logit",
    "maximum_softmax_probability",
    "mlp_oracle",
    "nearest_neighbours",
    "pixel_maps",
    "pointing_game",
    "pooled_separation",
    "relative_mahalanobis",
    "relevance_rank_accuracy",
    "scaled_map_errors",
    "top_k_agreement",
    "vim",
]


def top_k_agreement(a: NDArray[np.floating], b: NDArray[np.floating], k: int) -> NDArray[np.int32]:
    """Number of pixels that are among the K highest of both maps (Feeney & Hughes, metric 1).

    By chance it is K² / (H·W). Equal values are ordered by lowest flat index.

    Args:
        a: (N, H, W) float, ordered as float32.
        b: Of the same shape.
        k: K, in 1..H·W.

    Returns:
        (N,) int32 in 0..K.

    Raises:
        InputError, TypeError: The shapes differ, K is impossible, or as `require_maps`.
    """
    return agreement_curve(*_top_of_both(a, b, k), pixels=a[0].size)[:, -1]


def distance_to_best_match(
    reference: NDArray[np.floating], other: NDArray[np.floating], k: int
) -> Distances:
    """Distance from the K highest pixels of one map to the nearest of the other's (metric 2).

    The paper's reference is the saliency map, its summary the maximum.

    Args:
        reference: (N, H, W) float, ordered as float32.
        other: Of the same shape.
        k: K, in 1..H·W.

    Returns:
        Maximum and mean over the K pixels of the reference, in pixels; (N,) float32 each.

    Raises:
        InputError, TypeError: As of `top_k_agreement`.
    """
    curves = distance_curve(*_top_of_both(reference, other, k), width=reference.shape[2])
    return Distances(*(curve[:, -1] for curve in curves))


def _top_of_both(
    a: NDArray[np.floating], b: NDArray[np.floating], k: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    for maps in (a, b):
        require_maps(maps)
    if a.shape != b.shape or not len(a):
        raise InputError(f"maps have the shapes {a.shape} and {b.shape}: give pairs of one image")
    return top_pixels(a.astype(np.float32), k), top_pixels(b.astype(np.float32), k)


def pixel_maps(
    network: "nn.Module",
    images: NDArray[np.uint8],
    methods: Sequence[str] = ("reconstruction_error", "saliency"),
    **settings: Any,
) -> dict[str, NDArray[np.float32]]:
    """Maps of images by an autoencoder of one's own, which is copied and evaluated on the CPU.

    >>> from torch import nn
    >>> images = np.array([[[[0, 255]]]], np.uint8)
    >>> pixel_maps(nn.Dropout(0.5), images)["reconstruction_error"]  # evaluated, it drops nothing
    array([[[0., 0.]]], dtype=float32)

    Args:
        network: From images (N, C, H, W) float32 in [0, 1] to their reconstructions; that of an
            image depends on that image alone. Its loss is the mean squared error, or what its
            attribute `loss` names.
        images: (N, C, H, W) uint8.
        methods: Names of maps, the keys of `novelty_maps.maps.methods.MAP_METHODS`.
        **settings: Other keywords of `maps.compute.compute_maps`: `batch_size`, `device`,
            `mean_image`.

    Returns:
        Name to maps (N, H, W).

    Raises:
        InputError: As of `compute_maps`.
    """
    import torch

    from novelty_maps.maps.compute import gather_maps

    defaults: dict[str, Any] = {"batch_size": 64, "device": torch.device("cpu")}
    return gather_maps(network, images, methods=methods, **defaults | settings)
