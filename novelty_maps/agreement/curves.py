"""How well two maps agree on which pixels matter (Feeney & Hughes, section 3.1), image by image.

Each curve over K is one pass over the pixels. That equal values have an order makes every result
defined; how often that rule decided is what `ranking.tied_at` says.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from novelty_maps.maps.ranking import scaled_map, top_pixels

_CHUNK = 256  # images at a time, so that they stay in the processor's cache; changes no result


def agreement_curve(a: NDArray[np.int32], b: NDArray[np.int32], pixels: int) -> NDArray[np.int32]:
    """Top-K agreement |top-K(a) ∩ top-K(b)| for every K at once (metric 1).

    Args:
        a: `top_pixels` of one map, (N, k_max).
        b: `top_pixels` of the other map, (N, k_max).
        pixels: Number of pixels of an image.

    Returns:
        (N, k_max) int32; column K − 1 is the agreement at K.
    """
    return agreement_steps(a, b, pixels).cumsum(axis=1, dtype=np.int32)


def agreement_steps(a: NDArray[np.int32], b: NDArray[np.int32], pixels: int) -> NDArray[np.uint8]:
    """By how much top-K agreement grows at each K: the differences of `agreement_curve`.

    A pixel is in both sets from that K on which is its later place in the two orders, so that
    the steps are a histogram of that place.

    Args:
        a: As of `agreement_curve`.
        b: As of `agreement_curve`.
        pixels: As of `agreement_curve`.

    Returns:
        (N, k_max) uint8 in 0..2; the sum of the first K columns is the agreement at K.
    """
    k_max = a.shape[1]
    steps = np.empty(a.shape, np.uint8)
    places = np.arange(k_max, dtype=np.int32)[None]
    for start in range(0, len(a), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        place_in_a = np.full((len(a[chunk]), pixels), k_max, np.int32)
        np.put_along_axis(place_in_a, a[chunk].astype(np.intp), places, axis=1)
        later = np.maximum(np.take_along_axis(place_in_a, b[chunk].astype(np.intp), axis=1), places)
        rows = np.arange(len(later), dtype=np.int32)[:, None] * (k_max + 1)
        counts = np.bincount((later + rows).ravel(), minlength=len(later) * (k_max + 1))
        steps[chunk] = counts.reshape(len(later), k_max + 1)[:, :k_max]
    return steps


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
    sizes = [min(_CHUNK, samples - start) for start in range(0, samples, _CHUNK)]

    def orders() -> NDArray[np.int32]:
        drawn = (generator.random((size, *shape), dtype=np.float32) for size in sizes)
        return np.concatenate([top_pixels(noise, k_max) for noise in drawn])

    maximum, mean = distance_curve(orders(), orders(), shape[1])
    return Distances(maximum.mean(axis=0), mean.mean(axis=0))
