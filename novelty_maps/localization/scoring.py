"""New images among normal ones: how novel each of them is, and which of its pixels are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from novelty_maps.localization.thresholds import p_values, pixel_threshold
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.methods import MAP_METHODS, require_magnitudes
from novelty_maps.maps.names import LOSS_MAPS
from novelty_maps.networks.losses import loss_name
from novelty_maps.pipeline.boxes import Boxes, Real, real_pixels
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.rows import Images


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


def default_methods(network: nn.Module) -> list[str]:
    """The maps that are asked for if none are named: of the loss of the network, and saliency."""
    return [LOSS_MAPS[loss_name(network)], "saliency"]


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
    normal: Images,
    *,
    names: Sequence[str],
    methods: Sequence[str],
    false_positive_rate: float,
    boxes: tuple[Boxes | None, Boxes | None] = (None, None),
    on_batch: Callable[[int], object] = lambda count: None,
    **settings: Any,
) -> tuple[pd.DataFrame, dict[str, MarkedMap]]:
    """Compare the maps of new images with those of normal ones.

    Args:
        network: Autoencoder, as of `compute_maps`.
        images: The new images, (N, C, H, W) uint8.
        normal: Normal images that the network was not trained on, (M, C, H, W) uint8.
        names: (N,) what the new images are called in the table.
        methods: Maps that get a mask; the first one gives the scores.
        false_positive_rate: Share of the pixels of normal images that a mask may mark.
        boxes: Those of the new and of the normal images, where some are padded.
        on_batch: Called with the number of images done, new and normal.
        **settings: The other keywords of `compute_maps`.

    Returns:
        A row per image: `file`, its name; `novelty_score`, the mean of its first map, or the
        maximum where `MapMethod.score` says so; `p_value` among the normal images; and for each map
        NAME`_marked`, the share of its pixels that the mask has. Padding is left out of means and
        shares. And the maps by their names.

    Raises:
        InputError: As of `require_scorable`.
    """
    require_scorable(methods, false_positive_rate)
    of_normal, of_new = (
        gather_maps(network, pixels, methods=methods, boxes=own, on_batch=on_batch, **settings)
        for pixels, own in zip((normal, images), boxes[::-1], strict=True)
    )
    real, normal_real = (real_pixels(own, images.shape[2:]) for own in boxes)
    scores = _scores(methods[0], of_new, real)
    normal_scores = _scores(methods[0], of_normal, normal_real)
    marked = {
        name: _marked(
            of_new[name],
            of_normal[name] if normal_real is None else of_normal[name][normal_real],
            false_positive_rate,
        )
        for name in methods
    }
    shares = {f"{name}_marked": _means(found.masks, real) for name, found in marked.items()}
    p = p_values(scores, normal_scores)
    return pd.DataFrame({"file": names, "novelty_score": scores, "p_value": p, **shares}), marked


def _means(maps: NDArray[Any], real: Real) -> NDArray[np.float64]:
    """Mean over the pixels of each image that are no padding; (N,)."""
    means: NDArray[np.float64] = maps.mean(
        axis=(1, 2), dtype=np.float64, where=True if real is None else real
    )
    return means


def _scores(
    method: str, found: Mapping[str, NDArray[np.float32]], real: Real
) -> NDArray[np.float64]:
    """Novelty score of each image, (N,), of its map by a method, which is 0 in padding."""
    if MAP_METHODS[method].score == "max":
        return np.asarray(found[method].max(axis=(1, 2)), np.float64)
    return _means(found[method], real)


def _marked(
    maps: NDArray[np.float32], normal: NDArray[np.float32], false_positive_rate: float
) -> MarkedMap:
    threshold = pixel_threshold(normal, false_positive_rate=false_positive_rate)
    return MarkedMap(maps, maps > threshold, float(normal.max()))
