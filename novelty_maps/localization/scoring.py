"""New images among normal ones: how novel each of them is, and which of its pixels are."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from novelty_maps.localization.thresholds import p_values, pixel_threshold
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.methods import require_magnitudes
from novelty_maps.pipeline.errors import InputError

_SCORE = "reconstruction_error"  # its mean over the pixels is the reconstruction loss


class MarkedMap(NamedTuple):
    """A map of new images, and which of their pixels are novel by it.

    Attributes:
        maps: (N, H, W) float32.
        masks: (N, H, W) bool, True above the threshold.
        highest: The highest value on a normal image.
    """

    maps: NDArray[np.float32]
    masks: NDArray[np.bool_]
    highest: float


def require_scorable(methods: Sequence[str], false_positive_rate: float) -> None:
    """Raise InputError for a map in which higher does not mean more, or an impossible rate."""
    require_magnitudes(methods)
    if not 0 < false_positive_rate < 1:
        raise InputError(
            f"--false-positive-rate is {false_positive_rate:g}: give a share between 0 and 1"
        )


def score_images(
    network: nn.Module,
    images: NDArray[np.uint8],
    normal: NDArray[np.uint8],
    *,
    names: Sequence[str],
    methods: Sequence[str],
    false_positive_rate: float,
    on_batch: Callable[[int], object] = lambda count: None,
    **settings: Any,
) -> tuple[pd.DataFrame, dict[str, MarkedMap]]:
    """Compare the maps of new images with those of normal ones.

    Args:
        network: Autoencoder, as of `compute_maps`.
        images: The new images, (N, C, H, W) uint8.
        normal: Normal images that the network was not trained on, (M, C, H, W) uint8.
        names: (N,) what the new images are called in the table.
        methods: Maps that get a mask.
        false_positive_rate: Share of the pixels of normal images that a mask may mark.
        on_batch: Called with the number of images done, new and normal.
        **settings: The other keywords of `compute_maps`.

    Returns:
        A row per image: `file`, its name; `novelty_score`, its reconstruction loss; `p_value` among
        the normal images; and for each map NAME`_marked`, the share of its pixels that the mask
        has. And the maps by their names.

    Raises:
        InputError: As of `require_scorable`.
    """
    require_scorable(methods, false_positive_rate)
    computed = [*dict.fromkeys([_SCORE, *methods])]
    of_normal, of_new = (
        gather_maps(network, pixels, methods=computed, on_batch=on_batch, **settings)
        for pixels in (normal, images)
    )
    scores, normal_scores = (
        found[_SCORE].mean(axis=(1, 2), dtype=np.float64) for found in (of_new, of_normal)
    )
    marked = {name: _marked(of_new[name], of_normal[name], false_positive_rate) for name in methods}
    shares = {f"{name}_marked": found.masks.mean(axis=(1, 2)) for name, found in marked.items()}
    p = p_values(scores, normal_scores)
    return pd.DataFrame({"file": names, "novelty_score": scores, "p_value": p, **shares}), marked


def _marked(
    maps: NDArray[np.float32], normal: NDArray[np.float32], false_positive_rate: float
) -> MarkedMap:
    threshold = pixel_threshold(normal, false_positive_rate=false_positive_rate)
    return MarkedMap(maps, maps > threshold, float(normal.max()))
