"""Does a map depend on what the network has learned? Compared with maps of re-initialised networks.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps": the layers are re-initialised one after
another, from the output to the input, and each map is compared with that of the trained network.
A map that stays as it was shows the image and the architecture, not what was learned. One network
with new weights may find a novelty by luck, so how much worse they do is of several.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from skimage.metrics import structural_similarity
from torch import nn

from novelty_maps.localization.measures import image_separation
from novelty_maps.maps.ranking import scaled_map
from novelty_maps.pipeline.boxes import Boxes, window

Maps = Mapping[str, NDArray[np.float32]]
_WINDOW = 11  # pixels on a side that SSIM's Gaussian weights reach, those of Wang et al. 2004


def rank_similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Spearman's rank correlation of the magnitudes of two maps, image by image.

    Args:
        a: (N, H, W).
        b: (N, H, W).

    Returns:
        (N,) float64; NaN where one of the magnitudes is constant.
    """
    ranks = [rankdata(np.abs(maps).reshape(len(maps), -1), axis=1) for maps in (a, b)]
    x, y = (rank - (rank.shape[1] + 1) / 2 for rank in ranks)
    with np.errstate(invalid="ignore"):
        rho: NDArray[np.float64] = (x * y).sum(axis=1) / np.sqrt(
            (x * x).sum(axis=1) * (y * y).sum(axis=1)
        )
    return rho


def structure_similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """SSIM of the magnitudes of two maps, each divided by its maximum (Wang et al. 2004).

    The mean is over the pixels whose window lies in the image. In an image smaller than the window
    it is over those near the centre, and the image is mirrored at its edges.

    Args:
        a: (N, H, W).
        b: (N, H, W).

    Returns:
        (N,) float64; NaN where one of the maps is all zero.
    """
    side = min(_WINDOW, *a.shape[1:])
    similarity = np.full(len(a), np.nan)
    for i, (one, other) in enumerate(
        zip(scaled_map(np.abs(a)), scaled_map(np.abs(b)), strict=True)
    ):
        if np.isfinite(one).all() and np.isfinite(other).all():
            similarity[i] = structural_similarity(  # type: ignore[no-untyped-call]
                one,
                other,
                win_size=side - (side + 1) % 2,  # it must be odd
                data_range=1,
                gaussian_weights=True,
                use_sample_covariance=False,
            )
    return similarity


class Cascade(NamedTuple):
    """A map along the cascade; step 0 is the trained network, its layer is "".

    Attributes:
        layers: (S + 1,) the layer that was re-initialised last.
        spearman: Rank similarity to the map of the trained network, (S + 1, N) float64.
        ssim: Structure similarity to it, (S + 1, N) float64.
        average_precision: How well the map finds the novelty, (S + 1, N) float64.
    """

    layers: list[str]
    spearman: NDArray[np.float64]
    ssim: NDArray[np.float64]
    average_precision: NDArray[np.float64]


def along_cascade(
    steps: Iterable[tuple[str, nn.Module]],
    masks: NDArray[np.bool_],
    maps_of: Callable[[nn.Module], Maps],
    *,
    trained: Maps,
    boxes: Boxes | None = None,
) -> dict[str, Cascade]:
    """Compare maps along the cascade with those of the trained network, and with the masks.

    Args:
        steps: Layer and network of each step, as of `reinitialisation.cascade`.
        masks: (N, H, W) bool, where the images are novel.
        maps_of: Network in evaluation mode to method and maps, (N, H, W) float32; signed maps
            count by their magnitude.
        trained: What `maps_of` returns of the trained network.
        boxes: (N, 4) of padded images; a map is what its box holds.
    """
    layers = [""]
    measured = {
        method: [_by_boxes(_compare, boxes, maps, maps, masks)] for method, maps in trained.items()
    }
    for layer, network in steps:
        maps = maps_of(network)
        for method, original in trained.items():
            measured[method].append(_by_boxes(_compare, boxes, original, maps[method], masks))
        layers.append(layer)
    return {
        method: Cascade(layers, *np.stack(compared).swapaxes(0, 1))
        for method, compared in measured.items()
    }


def _by_boxes(
    measure: Callable[..., NDArray[np.float64]], boxes: Boxes | None, *maps: NDArray[Any]
) -> NDArray[np.float64]:
    """A measure (…, N) of maps (N, H, W), where images are padded of each cut out by its box."""
    if boxes is None:
        return measure(*maps)
    cut = ([each[row : row + 1, *window(box)] for each in maps] for row, box in enumerate(boxes))
    return np.concatenate([measure(*one) for one in cut], axis=-1)


def _compare(
    original: NDArray[np.float32], maps: NDArray[np.float32], masks: NDArray[np.bool_]
) -> NDArray[np.float64]:
    similar = rank_similarity(original, maps), structure_similarity(original, maps)
    return np.stack([*similar, _precision(maps, masks)])


def _precision(maps: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    return image_separation(np.abs(maps), masks).average_precision


class Draws(NamedTuple):
    """A map of networks with new weights, D draws of them, beside that of the trained network.

    Attributes:
        trained: How well the trained network's map finds the novelty, average precision of each
            image, (N,) float64.
        average_precision: The same of each new network's map, (D, N) float64.
        spearman: Rank similarity of the two maps, (D, N) float64.
    """

    trained: NDArray[np.float64]
    average_precision: NDArray[np.float64]
    spearman: NDArray[np.float64]


def over_draws(
    networks: Iterable[nn.Module],
    masks: NDArray[np.bool_],
    maps_of: Callable[[nn.Module], Maps],
    *,
    trained: Maps,
    boxes: Boxes | None = None,
) -> dict[str, Draws]:
    """Compare maps of networks with new weights with the masks, and with the trained network's.

    The maps of one network at a time are in memory, beside those of the trained one.

    Args:
        networks: Those of `reinitialisation.reinitialised`, at least one.
        masks: As of `along_cascade`.
        maps_of: As of `along_cascade`.
        trained: As of `along_cascade`.
        boxes: As of `along_cascade`.
    """
    measured: dict[str, list[NDArray[np.float64]]] = {method: [] for method in trained}
    for network in networks:
        maps = maps_of(network)
        for method, original in trained.items():
            found = (
                _by_boxes(_precision, boxes, maps[method], masks),
                _by_boxes(rank_similarity, boxes, original, maps[method]),
            )
            measured[method].append(np.stack(found))
    return {
        method: Draws(
            _by_boxes(_precision, boxes, trained[method], masks), *np.stack(draws).swapaxes(0, 1)
        )
        for method, draws in measured.items()
    }
