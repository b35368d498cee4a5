"""Area under the per-region-overlap curve, AUPRO (Bergmann et al. 2020, 2021).

A region is a component of a mask in which pixels touch by a side or a corner. At a threshold, its
overlap is the share of its pixels that are at least as high; PRO is the mean over all regions of
all images. The curve runs over the false-positive rate of all normal pixels, those of normal images
included, from (0, 0) on, with one point for each different value and straight lines between. Its
area up to a limit of the rate, divided by the limit, is AUPRO: 1 for a perfect map, limit / 2 for
a constant one. Padding, where `real` is False, is no normal pixel.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from novelty_maps.localization.measures import image_chunks, normal_pixels
from novelty_maps.maps.ranking import require_masked
from novelty_maps.pipeline.boxes import Real
from novelty_maps.pipeline.errors import InputError

LIMIT = 0.3  # of the false-positive rate, as is usual
_CHUNK = 256  # resamplings at a time; bounds memory and changes no result
_SAME_IMAGE = np.stack([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))])


class Regions(NamedTuple):
    """The novel regions of all images, C of them, with M pixels.

    Attributes:
        image: (C,) the image of each.
        size: (C,) its number of pixels.
        of_pixel: (M,) the region of each novel pixel, in the order of `maps[masks]`.
    """

    image: NDArray[np.intp]
    size: NDArray[np.intp]
    of_pixel: NDArray[np.intp]


def regions(masks: NDArray[np.bool_]) -> Regions:
    """The regions of the masks (N, H, W), in which pixels touch by a side or a corner."""
    images = np.flatnonzero(masks.any(axis=(1, 2)))
    marked = masks[images]
    labels, count = ndimage.label(marked, _SAME_IMAGE)  # a region stays within its image
    of_pixel = labels[marked].astype(np.intp) - 1
    image = np.empty(count, np.intp)
    image[of_pixel] = images.repeat(marked.sum(axis=(1, 2)))
    return Regions(image, np.bincount(of_pixel), of_pixel)


def aupro(
    maps: NDArray[np.floating], masks: NDArray[np.bool_], limit: float = LIMIT, real: Real = None
) -> float:
    """AUPRO, exactly.

    A novel pixel alone has a curve that is 0, up to the rate at which its value comes up, then 1,
    with a slope where normal pixels have the same value. PRO is the weighted mean of those curves,
    AUPRO that of their areas. So only the highest normal pixels, up to the limit, are sorted.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool, empty for normal images.
        limit: Largest false-positive rate.
        real: (N, H, W) bool, where images are no padding; everywhere if None.

    Returns:
        AUPRO in [0, 1]; NaN without a region or without a normal pixel.

    Raises:
        InputError, TypeError: The limit is not in (0, 1], or as `maps.ranking.require_masked`.
    """
    require_masked(maps, masks)
    _require_limit(limit)
    normal, novel = maps[normal_pixels(masks, real)], maps[masks]
    if not normal.size or not novel.size:
        return np.nan
    last = limit * normal.size  # where the curve ends, in normal pixels
    count = min(int(last) + 1, normal.size)  # so many of them reach the end
    normal.partition(normal.size - count)
    highest = np.sort(normal[normal.size - count :])
    lowest = highest[0]

    order = np.flatnonzero(novel >= lowest)
    order = order[novel[order].argsort()]  # neighbours in value are neighbours in memory
    value = novel[order]
    above = count - highest.searchsorted(value, "right")  # normal pixels that are higher
    up_to = count - highest.searchsorted(value, "left")  # and those that are not lower
    area = last - (above + up_to) / 2
    at_end = value == lowest  # its slope may be cut off by the limit
    if at_end.any():
        start = above[at_end][0]
        stop = start + (normal == lowest).sum()
        area[at_end] = (last - start) ** 2 / (2 * (stop - start))
    found = regions(masks)
    of_region = np.bincount(found.of_pixel[order], area, minlength=len(found.size))
    return float((of_region / found.size).mean() / last)


def _require_limit(limit: float) -> None:
    """Raise InputError unless the limit is a false-positive rate above 0."""
    if not 0 < limit <= 1:
        raise InputError(f"the limit of the false-positive rate is {limit}, but must be in (0, 1]")


class ProProfile(NamedTuple):
    """What each image adds to the PRO curve at T thresholds, from the highest on.

    The curve of any weighting of the images follows from weighted sums; see `aupro_of_profile`.

    Attributes:
        false_positives: (N, T) float64, normal pixels at or above the threshold.
        overlap: (N, T) float64, sum over the image's regions of the share at or above it.
        normal_pixels: (N,) float64.
        regions: (N,) float64, number of regions.
    """

    false_positives: NDArray[np.float64]
    overlap: NDArray[np.float64]
    normal_pixels: NDArray[np.float64]
    regions: NDArray[np.float64]


def pro_thresholds(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    count: int = 400,
    limit: float = LIMIT,
    real: Real = None,
) -> NDArray[np.floating]:
    """Thresholds at which straight lines follow the PRO curve closely up to the limit.

    Quantiles of the normal pixels at rates that grow with the square, densest at 0, and on to 5/3
    of the limit, which leaves room for a resampling of the images. One is just above all of them.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool.
        count: Number of thresholds, at least 2.
        limit: Largest false-positive rate.
        real: As of `aupro`.

    Returns:
        (T,) of the maps' type, falling; T is `count` or less: quantiles may be equal.

    Raises:
        InputError, TypeError: Fewer than two thresholds, or as `aupro`.
    """
    require_masked(maps, masks)
    _require_limit(limit)
    if count < 2:
        raise InputError(f"count is {count}: a profile needs 2 thresholds or more")
    normal = maps[normal_pixels(masks, real)]
    normal.sort()
    if not normal.size:
        return normal
    rates = min(1.0, limit * 5 / 3) * np.linspace(0, 1, count - 1) ** 2
    quantiles = normal[-1 - np.ceil(rates * (normal.size - 1)).astype(np.intp)]
    above_all = np.nextafter(normal[-1:], np.asarray(np.inf, normal.dtype))
    return np.concatenate([above_all, np.unique(quantiles)[::-1]])


def pro_profile(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    thresholds: NDArray[np.floating],
    real: Real = None,
) -> ProProfile:
    """Each image's part of the PRO curve.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool.
        thresholds: (T,) strictly falling.
        real: As of `aupro`.

    Returns:
        The profile; an image without a novel pixel has no region and an overlap of 0.

    Raises:
        InputError, TypeError: The thresholds do not fall, or as `maps.ranking.require_masked`.
    """
    require_masked(maps, masks)
    rising = np.asarray(thresholds)[::-1]
    if not (rising[:-1] < rising[1:]).all():
        raise InputError("the thresholds of a PRO profile must fall strictly")
    found = regions(masks)
    weight = 1 / found.size[found.of_pixel]
    first = np.concatenate([[0], masks.sum(axis=(1, 2)).cumsum()])  # novel pixel of each image
    counts = np.empty((2, len(maps), rising.size))
    normal = normal_pixels(masks, real)
    for images in image_chunks(maps):
        novel = masks[images]
        # The first threshold that a pixel reaches, T if none.
        reached = rising.size - rising.searchsorted(maps[images], "right")
        size = len(novel) * (rising.size + 1)
        bins = reached + (rising.size + 1) * np.arange(len(novel))[:, None, None]
        part = weight[first[images.start] : first[images.stop]]
        normal_counts = np.bincount(bins[normal[images]], minlength=size)
        overlaps = np.bincount(bins[novel], part, size)
        for row, histogram in enumerate([normal_counts, overlaps]):
            counts[row, images] = histogram.reshape(len(novel), -1)[:, :-1].cumsum(axis=1)
    return ProProfile(
        false_positives=counts[0],
        overlap=counts[1],
        normal_pixels=normal.sum(axis=(1, 2), dtype=np.float64),
        regions=np.bincount(found.image, minlength=len(maps)).astype(np.float64),
    )


def aupro_of_profile(
    profile: ProProfile, weights: ArrayLike, limit: float = LIMIT
) -> NDArray[np.float64]:
    """AUPRO of weighted images, as in bootstrap resamplings, up to the thresholds of the profile.

    Args:
        profile: The images' profile.
        weights: (B, N) how often each image counts.
        limit: Largest false-positive rate.

    Returns:
        (B,) float64; NaN where no region or no normal pixel has a weight.

    Raises:
        InputError: The limit is not in (0, 1].
    """
    _require_limit(limit)
    every, shown = np.asarray(weights, np.float64), profile.regions > 0
    overlap, regions = profile.overlap[shown], profile.regions[shown]
    result = np.empty(len(every))
    for start in range(0, len(every), _CHUNK):
        part = every[start : start + _CHUNK]
        rate = _curve(part, profile.false_positives, profile.normal_pixels)
        pro = _curve(part.compress(shown, axis=1), overlap, regions)
        step = np.diff(rate)
        width = np.diff(np.minimum(rate, limit))
        share = np.divide(width, step, out=np.zeros_like(width), where=step > 0)
        height = pro[:, :-1] + share * np.diff(pro) / 2
        result[start : start + _CHUNK] = (width * height).sum(axis=1) / limit
    return result


def _curve(
    weights: NDArray[np.float64], parts: NDArray[np.float64], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted share at each threshold, from 0 above all to 1 below all; (B, T + 2), or NaN."""
    counts = np.zeros((len(weights), parts.shape[1] + 2))
    counts[:, 1:-1] = weights @ parts
    counts[:, -1] = total = weights @ totals
    return np.asarray(counts / np.where(total > 0, total, np.nan)[:, None])
