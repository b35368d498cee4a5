"""Measures of each image, and of all pixels together, of how well maps find what is novel.

Relevance rank accuracy alone has to choose among equal values, and takes the lowest flat index
h·W + w.

Where images are padded, `real` is (N, H, W) bool, False in padding: its pixels are left out. The
masks have none of them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from novelty_maps.maps.ranking import require_maps, require_masked
from novelty_maps.pipeline.boxes import Boxes, Real, window
from novelty_maps.pipeline.errors import InputError

_CHUNK = 2**18  # pixels at a time, to stay in the processor's cache; changes no result


class PooledSeparation(NamedTuple):
    """How well the values of novel and normal pixels are apart, all images together."""

    auroc: float
    average_precision: float


def normal_pixels(masks: NDArray[np.bool_], real: Real = None) -> NDArray[np.bool_]:
    """The pixels of images that are neither novel nor padding, (N, H, W) bool."""
    return ~masks if real is None else real & ~masks


def pooled_separation(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    real: Real = None,
) -> PooledSeparation:
    """AUROC and average precision over the pixels of all images together.

    AUROC is the share of (novel, normal) pairs of pixels in which the novel one is higher, ties
    one half. Average precision is the mean over novel pixels of the precision at their value: the
    step-wise sum, without interpolation, of scikit-learn's average_precision_score.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool.
        real: Where images are no padding; everywhere if None.

    Returns:
        Both; NaN without a novel or without a normal pixel.

    Raises:
        InputError, TypeError: As `require_masked`.
    """
    require_masked(maps, masks)
    novel, normal = maps[masks], maps[normal_pixels(masks, real)]
    novel.sort()
    normal.sort()
    if not novel.size or not normal.size:
        return PooledSeparation(np.nan, np.nan)
    lower = normal.searchsorted(novel, "left")  # normal pixels below each novel one
    not_higher = normal.searchsorted(novel, "right")
    true = novel.size - novel.searchsorted(novel, "left")
    precision = true / (true + normal.size - lower)
    beaten = (int(lower.sum()) + int(not_higher.sum())) / 2
    return PooledSeparation(beaten / (novel.size * normal.size), float(precision.mean()))


class ImageSeparation(NamedTuple):
    """How well the values of novel and normal pixels are apart in each image; (N,) float64."""

    auroc: NDArray[np.float64]
    average_precision: NDArray[np.float64]


def image_separation(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    real: Real = None,
) -> ImageSeparation:
    """The same for each image alone, all at once.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool.
        real: Where images are no padding; everywhere if None.

    Returns:
        Both for each image; NaN where its mask is empty or full.

    Raises:
        InputError, TypeError: As `require_masked`.
    """
    require_masked(maps, masks)
    maps = _padding_lowest(maps, real)
    sums = np.empty((2, len(maps)))
    for images in image_chunks(maps):
        values = maps[images].reshape(len(maps[images]), -1)
        order = values.argsort(axis=1)[:, ::-1]
        values = np.take_along_axis(values, order, axis=1)
        novel = np.take_along_axis(masks[images].reshape(values.shape), order, axis=1)
        # A step is a different value. Pixels are counted from the highest down to it.
        last = np.ones(values.shape, bool)  # of the pixels with the same value
        np.not_equal(values[:, :-1], values[:, 1:], out=last[:, :-1])
        true = novel.cumsum(axis=1)[last]
        counted = np.nonzero(last)[1] + 1
        if real is not None:
            counted = np.isfinite(values).cumsum(axis=1)[last]
        false = counted - true
        steps = last.sum(axis=1)
        first = steps.cumsum() - steps  # of each image
        new_true, new_false = np.diff(true, prepend=0), np.diff(false, prepend=0)
        new_true[first], new_false[first] = true[first], false[first]
        pairs = new_false * (true - new_true / 2)  # with the novel pixels above, half of the tied
        sums[0, images] = np.add.reduceat(pairs, first)
        sums[1, images] = np.add.reduceat(new_true * (true / (true + false)), first)
    novel_count = masks.sum(axis=(1, 2))
    normal_count = normal_pixels(masks, real).sum(axis=(1, 2))
    both = (novel_count > 0) & (normal_count > 0)
    novel_count = np.where(both, novel_count, np.nan)
    return ImageSeparation(sums[0] / (novel_count * normal_count), sums[1] / novel_count)


def _padding_lowest(maps: NDArray[np.floating], real: Real) -> NDArray[np.floating]:
    """The maps with padding, if there is any, below every value."""
    return maps if real is None else np.where(real, maps, np.asarray(-np.inf, maps.dtype))


def image_chunks(maps: NDArray[np.floating]) -> Iterator[slice]:
    """Slices of images that cover the maps (N, H, W), few enough to stay in the cache."""
    size = max(1, _CHUNK // max(1, maps.shape[1] * maps.shape[2]))
    return (slice(start, min(start + size, len(maps))) for start in range(0, len(maps), size))


def pointing_game(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    real: Real = None,
) -> NDArray[np.float64]:
    """Whether the highest pixel of a map is novel (Zhang et al. 2016, 2018).

    There is no margin around the mask.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool.
        real: Where images are no padding; everywhere if None.

    Returns:
        (N,) float64: 1 for a hit, 0 for a miss, and the novel share of the highest pixels if there
        are several; NaN where a mask is empty.

    Raises:
        InputError, TypeError: As `require_masked`.
    """
    require_masked(maps, masks)
    maps = _padding_lowest(maps, real)
    highest = maps == maps.max(axis=(1, 2), keepdims=True)
    hits = (highest & masks).sum(axis=(1, 2)) / highest.sum(axis=(1, 2))
    return np.where(masks.any(axis=(1, 2)), hits, np.nan)


def relevance_rank_accuracy(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    real: Real = None,
) -> NDArray[np.float64]:
    """Novel share of the K highest pixels, K the number of novel ones (Arras et al. 2022).

    Equal values are ordered by lowest flat index, as in `maps.ranking.top_pixels`.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool.
        real: Where images are no padding; everywhere if None.

    Returns:
        (N,) float64; NaN where a mask is empty.

    Raises:
        InputError, TypeError: As `require_masked`.
    """
    require_masked(maps, masks)
    maps = _padding_lowest(maps, real)
    accuracy = np.full(len(maps), np.nan)
    for images in image_chunks(maps):
        values = maps[images].reshape(len(maps[images]), -1)
        novel = masks[images].reshape(values.shape)
        k = novel.sum(axis=1, keepdims=True)
        lowest = np.take_along_axis(np.sort(values, axis=1), values.shape[1] - k.clip(1), axis=1)
        above, tied = values > lowest, values == lowest
        places = k - above.sum(axis=1, keepdims=True)  # those left for the ties
        hits = (novel & (above | (tied & (tied.cumsum(axis=1) <= places)))).sum(axis=1)
        np.divide(hits, k[:, 0], out=accuracy[images], where=k[:, 0] > 0)
    return accuracy


def blur(
    maps: NDArray[np.floating], sigma: float, boxes: Boxes | None = None
) -> NDArray[np.float32]:
    """Each map smoothed by a Gaussian, with the values at its edge continued beyond it.

    A constant map stays as it is. The filter ends at four standard deviations.

    Args:
        maps: (N, H, W) float.
        sigma: Standard deviation in pixels; 0 leaves the maps as they are.
        boxes: (N, 4) of padded images; edges are those of the boxes, beyond them maps stay as they
            are.

    Returns:
        (N, H, W) float32.

    Raises:
        InputError: The standard deviation is negative or not finite, or as `require_maps`.
        TypeError: As `require_maps`.
    """
    require_maps(maps)
    if not 0 <= sigma < np.inf:
        raise InputError(f"sigma is {sigma}: a blur needs a standard deviation of 0 pixels or more")
    if sigma == 0:
        return maps.astype(np.float32, copy=False)
    if boxes is not None:
        blurred = maps.astype(np.float32)
        for box in np.unique(boxes, axis=0):
            place = np.ix_((boxes == box).all(axis=1), *map(_range, window(box)))
            blurred[place] = blur(maps[place], sigma)
        return blurred
    return np.asarray(
        ndimage.gaussian_filter(maps, (0, sigma, sigma), output=np.float32, mode="nearest")
    )


def _range(places: slice) -> NDArray[np.intp]:
    return np.arange(places.start, places.stop)
