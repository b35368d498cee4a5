"""What the comparison of r and s needs of a network's maps, whatever K is.

The order of the pixels in both maps, and by how much agreement grows from one K to the next, give
the measures of any K by looking at the first K places alone; the others do not depend on K. All of
it is computed once, so that another K costs neither maps nor sorting.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement import terms
from novelty_maps.agreement.curves import agreement_steps, scaled_map_errors
from novelty_maps.agreement.null import NULLS, null_steps, others_of_kind
from novelty_maps.maps.ranking import ties, top_pixels
from novelty_maps.pipeline.arrays import Spool
from novelty_maps.pipeline.boxes import Boxes, real_pixels

RANKED = ("reconstruction_error", "saliency")
_MEANS = ("reconstruction_loss", "scaled_map_error", "scaled_map_error_squared")  # over pixels
IMAGE_MEASURES = [*_MEANS, *terms.MEASURES]
_PIXELS = 2**20  # of images that are ranked at a time; bounds memory, changes no result


class Ranks(NamedTuple):
    """The maps of N images of n pixels, as far as they are compared.

    Attributes:
        places: (N, n) records of `place_type`, on disk. In column j, under the name of each map of
            `RANKED` the flat index of its pixel at place j + 1 from the top; under `agreement` and
            `NULLS` by how much agreement grows at K = j + 1; under `tied_` and the name of a map
            whether the next place has an equal value.
        images: A row per image, `IMAGE_MEASURES` in float64.
    """

    places: NDArray[Any]
    images: pd.DataFrame


def place_type(pixels: int) -> np.dtype[np.void]:
    """The record of a place in images of so many pixels, its indices as small as they can be."""
    index = np.min_scalar_type(pixels - 1)
    return np.dtype(
        [
            *((name, index) for name in RANKED),
            *((name, np.uint8) for name in ("agreement", *NULLS)),
            *((f"tied_{name}", np.bool_) for name in RANKED),
        ]
    )


def rank_maps(
    maps: Mapping[str, NDArray[np.float32]],
    novel: NDArray[np.bool_],
    *,
    generator: np.random.Generator,
    boxes: Boxes | None = None,
) -> Ranks:
    """Order the pixels of both maps, draw the nulls, measure what does not depend on K.

    Args:
        maps: reconstruction_error, saliency, direct_term and indirect_term, (N, H, W) float32.
        novel: (N,) bool.
        generator: Source of randomness, of the nulls.
        boxes: (N, 4), where images are padded; there the maps are 0, which no mean counts.

    Raises:
        InputError: A map holds NaN or infinity; it is named.
    """
    count, height, width = maps[RANKED[0]].shape
    others = others_of_kind(novel, generator)
    places = Spool((height * width,), place_type(height * width))
    images = []
    size = max(1, _PIXELS // (height * width))
    for first in range(0, count, size):
        few = slice(first, first + size)
        shown = {name: np.asarray(values[few]) for name, values in maps.items()}
        other = maps["indirect_term"][others[few]]
        places.extend(_places(shown, other, first=first, generator=generator))
        images.append(_measures(shown, None if boxes is None else boxes[few]))
    return Ranks(places.array(), pd.concat(images, ignore_index=True))


def _places(
    maps: Mapping[str, NDArray[np.float32]],
    other: NDArray[np.float32],
    *,
    first: int,
    generator: np.random.Generator,
) -> NDArray[Any]:
    """The places of a few images.

    Args:
        maps: Their maps.
        other: As of `null_steps`.
        first: Number of the first of them.
        generator: Source of randomness.
    """
    top = {name: top_pixels(maps[name], first=first) for name in RANKED}
    shape = top[RANKED[0]].shape
    places = np.empty(shape, place_type(shape[1]))
    for name, order in top.items():
        places[name] = order
        places[f"tied_{name}"] = ties(maps[name], order)
    places["agreement"] = agreement_steps(top[RANKED[0]], top[RANKED[1]], shape[1])
    terms_of = (maps["direct_term"], maps["indirect_term"])
    drawn = null_steps(top[RANKED[0]], *terms_of, other, generator=generator)
    for name, steps in drawn.items():
        places[name] = steps
    return places


def _measures(maps: Mapping[str, NDArray[np.float32]], boxes: Boxes | None) -> pd.DataFrame:
    """`IMAGE_MEASURES` of a few images."""
    error, saliency = (maps[name] for name in RANKED)
    direct, indirect = maps["direct_term"], maps["indirect_term"]
    scaled = scaled_map_errors(error, saliency)
    images = terms.term_measures(direct, indirect).assign(
        reconstruction_loss=reconstruction_loss(error),
        scaled_map_error=scaled.saliency,
        scaled_map_error_squared=scaled.squared_saliency,
    )
    real = real_pixels(boxes, error.shape[1:])
    if real is not None:
        share = real.mean(axis=(1, 2))
        images = images.assign(**{name: images[name] / share for name in _MEANS})
    return images[IMAGE_MEASURES]


def reconstruction_loss(reconstruction_error: NDArray[np.float32]) -> NDArray[np.float64]:
    """Novelty score of each image: the mean of its reconstruction-error map (eq. 2); (N,)."""
    loss: NDArray[np.float64] = reconstruction_error.mean(axis=(1, 2), dtype=np.float64)
    return loss
