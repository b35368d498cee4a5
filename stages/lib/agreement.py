"""How well two maps agree on which pixels matter (Feeney & Hughes, section 3.1).

Maps are (N, H, W) float32 with higher = more novel. A pixel is named by its flat index h·W + w,
n = H·W. Equal values are ordered by lowest flat index, so that every result is defined; the
`tied_at` count says how often that rule decided. Each curve over K is one pass over the pixels.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.lib.errors import InputError

# The maps that are compared, and those that explain the comparison.
COMPARED_MAPS = ("reconstruction_error", "saliency", "direct_term", "indirect_term")

_CHUNK = 256  # images at a time, so that they stay in the processor's cache; changes no result


def top_pixels(maps: NDArray[np.float32], k: int | None = None) -> NDArray[np.int32]:
    """Flat indices of the k highest pixels of each map, highest first, ties by lowest index.

    Args:
        maps: (N, H, W) float32.
        k: Number of pixels, all by default.

    Returns:
        (N, k) int32.

    Raises:
        InputError: k is not in 1..n, or a map holds NaN or infinity.
        TypeError: The maps are not float32.
    """
    pixels = maps.shape[1] * maps.shape[2]
    k = pixels if k is None else k
    require_k(k, pixels)
    top = np.empty((len(maps), k), np.int32)
    for start in range(0, len(maps), _CHUNK):
        keys = _descending_keys(maps[start : start + _CHUNK], first=start)
        if k < pixels:
            keys = np.partition(keys, k - 1, axis=1)[:, :k]
        keys.sort(axis=1)
        top[start : start + _CHUNK] = keys & 0xFFFFFFFF
    return top


def require_k(k: int, pixels: int) -> None:
    """Raise InputError unless an image of so many pixels has a top K."""
    if not 1 <= k <= pixels:
        raise InputError(f"K is {k}: an image has {pixels} pixels, so K must be in 1..{pixels}")


def _descending_keys(maps: NDArray[np.float32], first: int) -> NDArray[np.uint64]:
    """Integers that sort as (value descending, flat index ascending): (N, n) uint64.

    The bits of IEEE floats order like sign-magnitude integers, so that value and index fit into
    one integer, and sorting integers is faster than a stable argsort of floats.
    """
    if maps.dtype != np.float32:
        raise TypeError(f"maps are {maps.dtype}, not float32")
    flat = maps.reshape(len(maps), -1) + np.float32(0)  # -0.0 becomes 0.0: they are equal
    bad = ~np.isfinite(flat).all(axis=1)
    if bad.any():
        raise InputError(
            f"map {first + int(bad.argmax())} holds NaN or infinity:"
            " the network's output is not finite; train it again with a lower learning rate"
        )
    bits = flat.view(np.uint32)
    negative = bits >> 31 == 1
    descending = np.where(negative, bits, ~(bits | np.uint32(1 << 31)))
    return (descending.astype(np.uint64) << np.uint64(32)) | np.arange(
        flat.shape[1], dtype=np.uint64
    )


def tied_at(maps: NDArray[np.float32], top: NDArray[np.int32], k: int) -> NDArray[np.bool_]:
    """Whether the K-th and the next value of a map are equal, so that the top K is a choice.

    Args:
        maps: (N, H, W) float32.
        top: `top_pixels` of the maps, at least k of them.
        k: The K.

    Returns:
        (N,) bool; False throughout for k = n.
    """
    flat = maps.reshape(len(maps), -1)
    threshold = np.take_along_axis(flat, top[:, k - 1 : k], axis=1)
    tied: NDArray[np.bool_] = (flat >= threshold).sum(axis=1) > k
    return tied


def agreement_curve(a: NDArray[np.int32], b: NDArray[np.int32], pixels: int) -> NDArray[np.int32]:
    """Top-K agreement |top-K(a) ∩ top-K(b)| for every K at once (metric 1).

    A pixel is in both sets from that K on which is its later place in the two orders, so that
    the curve is a cumulative histogram of that place.

    Args:
        a: `top_pixels` of one map, (N, k_max).
        b: `top_pixels` of the other map, (N, k_max).
        pixels: Number of pixels of an image.

    Returns:
        (N, k_max) int32; column K − 1 is the agreement at K.
    """
    k_max = a.shape[1]
    curve = np.empty(a.shape, np.int32)
    places = np.arange(k_max, dtype=np.int32)[None]
    for start in range(0, len(a), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        place_in_a = np.full((len(a[chunk]), pixels), k_max, np.int32)
        np.put_along_axis(place_in_a, a[chunk].astype(np.intp), places, axis=1)
        later = np.maximum(np.take_along_axis(place_in_a, b[chunk].astype(np.intp), axis=1), places)
        rows = np.arange(len(later), dtype=np.int32)[:, None] * (k_max + 1)
        counts = np.bincount((later + rows).ravel(), minlength=len(later) * (k_max + 1))
        curve[chunk] = counts.reshape(len(later), k_max + 1)[:, :k_max].cumsum(axis=1)
    return curve


class Distances(NamedTuple):
    """Distance to best match in pixels for every K: (N, k_max) float32 each, column K − 1 at K."""

    maximum: NDArray[np.float32]
    mean: NDArray[np.float32]


def distance_curve(reference: NDArray[np.int32], other: NDArray[np.int32], width: int) -> Distances:
    """Distance from each pixel of top-K(reference) to the nearest of top-K(other) (metric 2).

    The paper's reference is the saliency map, its summary the maximum. One K × K table of
    distances serves all smaller K.

    Args:
        reference: `top_pixels` of the reference map, (N, k_max).
        other: `top_pixels` of the other map, (N, k_max).
        width: Width of an image in pixels.

    Returns:
        Maximum and mean over the K reference pixels of the Euclidean distance.
    """
    count, k_max = reference.shape
    maximum = np.empty((count, k_max), np.float32)
    mean = np.empty((count, k_max), np.float32)
    member = np.tri(k_max, dtype=bool).T  # [i, K - 1]: reference pixel i is among the top K
    chunk_size = max(1, _CHUNK * 1024 // k_max**2)
    for start in range(0, count, chunk_size):
        chunk = slice(start, start + chunk_size)
        rows, columns = np.divmod(reference[chunk, :, None], np.int32(width))
        other_rows, other_columns = np.divmod(other[chunk, None, :], np.int32(width))
        squared = (rows - other_rows) ** 2 + (columns - other_columns) ** 2
        np.minimum.accumulate(squared, axis=2, out=squared)  # nearest among the top K of other
        squared *= member
        distance = np.sqrt(squared, dtype=np.float32)
        maximum[chunk] = distance.max(axis=1)
        mean[chunk] = distance.sum(axis=1) / np.arange(1, k_max + 1, dtype=np.float32)
    return Distances(maximum, mean)


def scaled_map(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each map divided by its own maximum (section 3.1); NaN where the map is all zero.

    Args:
        maps: (N, H, W) float32, not negative.

    Returns:
        (N, H, W) float64 in [0, 1].
    """
    peak = maps.max(axis=(1, 2), keepdims=True).astype(np.float64)
    return maps / np.where(peak > 0, peak, np.nan)


class ScaledMapErrors(NamedTuple):
    """Mean squared difference of the scaled maps of each image; (N,) float64 each."""

    saliency: NDArray[np.float64]
    squared_saliency: NDArray[np.float64]


def scaled_map_errors(
    reconstruction_error: NDArray[np.float32], saliency: NDArray[np.float32]
) -> ScaledMapErrors:
    """Distance of scaled r to scaled s and to the square of scaled s (Finding 6).

    Args:
        reconstruction_error: r, (N, H, W) float32.
        saliency: s, (N, H, W) float32.

    Returns:
        Both errors per image; NaN where one of the maps is all zero.
    """
    errors = np.empty((2, len(saliency)))
    for start in range(0, len(saliency), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        r = scaled_map(reconstruction_error[chunk])
        s = scaled_map(saliency[chunk])
        errors[0, chunk] = ((r - s) ** 2).mean(axis=(1, 2))
        errors[1, chunk] = ((r - s**2) ** 2).mean(axis=(1, 2))
    return ScaledMapErrors(*errors)


def chance_agreement(pixels: int) -> NDArray[np.float64]:
    """Expected top-K agreement of two random K-sets, K²/n, for K = 1..n; (n,) float64."""
    k = np.arange(1, pixels + 1, dtype=np.float64)
    return k**2 / pixels


def chance_distance(
    shape: tuple[int, int], k_max: int, *, samples: int, generator: np.random.Generator
) -> Distances:
    """Distance to best match between two random orders of the pixels, by simulation.

    Args:
        shape: Height and width of the image.
        k_max: Largest K.
        samples: Number of simulated pairs.
        generator: Source of randomness.

    Returns:
        Maximum and mean, averaged over the pairs; (k_max,) float32 each.
    """
    noise = generator.random((2, samples, *shape), dtype=np.float32)
    maximum, mean = distance_curve(
        top_pixels(noise[0], k_max), top_pixels(noise[1], k_max), shape[1]
    )
    return Distances(maximum.mean(axis=0), mean.mean(axis=0))
