"""What maps must be to be ordered, the order of their pixels, and a map scaled to its maximum."""

import numpy as np
from numpy.typing import NDArray

from novelty_maps.pipeline.errors import InputError

_CHUNK = 256  # images at a time, so that they stay in the processor's cache; changes no result


def require_maps(maps: NDArray[np.floating]) -> None:
    """Raise an error unless the maps can be ordered.

    Args:
        maps: (N, H, W) float.

    Raises:
        InputError: The maps are not (N, H, W), or one holds NaN or infinity; it is named.
        TypeError: The maps are not of a float type.
    """
    if not np.issubdtype(maps.dtype, np.floating):
        raise TypeError(f"maps are {maps.dtype}, not float")
    if maps.ndim != 3:
        raise InputError(f"maps have the shape {maps.shape}, but should have (N, H, W)")
    _require_finite(np.isfinite(maps).all(axis=(1, 2)))


def require_masked(maps: NDArray[np.floating], masks: NDArray[np.bool_]) -> None:
    """Raise an error unless there is a mask for each map.

    Args:
        maps: (N, H, W) float.
        masks: (N, H, W) bool.

    Raises:
        InputError: As `require_maps`, or the shapes differ.
        TypeError: As `require_maps`, or the masks are not bool.
    """
    require_maps(maps)
    if masks.dtype != np.bool_:
        raise TypeError(f"masks are {masks.dtype}, not bool")
    if masks.shape != maps.shape:
        raise InputError(f"masks have the shape {masks.shape}, but their maps {maps.shape}")


def _require_finite(finite: NDArray[np.bool_], first: int = 0) -> None:
    """Raise InputError, naming the map, unless all are finite; (N,), counted from `first` on."""
    if not finite.all():
        raise InputError(
            f"map {first + int(finite.argmin())} holds NaN or infinity:"
            " the network's output is not finite; train it again with a lower learning rate"
        )


def top_pixels(
    maps: NDArray[np.float32], k: int | None = None, *, first: int = 0
) -> NDArray[np.int32]:
    """Flat indices of the k highest pixels of each map, highest first, ties by lowest index.

    Args:
        maps: (N, H, W) float32.
        k: Number of pixels, all by default.
        first: Number of the first map, by which an error names one.

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
        keys = _descending_keys(maps[start : start + _CHUNK], first=first + start)
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
    _require_finite(np.isfinite(flat).all(axis=1), first)
    bits = flat.view(np.uint32)
    negative = bits >> 31 == 1
    descending = np.where(negative, bits, ~(bits | np.uint32(1 << 31)))
    return (descending.astype(np.uint64) << np.uint64(32)) | np.arange(
        flat.shape[1], dtype=np.uint64
    )


def ties(maps: NDArray[np.float32], top: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether the K-th and the next value of a map are equal, so that the top K is a choice.

    Args:
        maps: (N, H, W) float32.
        top: `top_pixels` of the maps, all of them.

    Returns:
        (N, n) bool, column K − 1 at K; the last one is False.
    """
    tied = np.zeros(top.shape, np.bool_)
    for start in range(0, len(maps), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        flat = maps[chunk].reshape(len(maps[chunk]), -1)
        values = np.take_along_axis(flat, top[chunk].astype(np.intp), axis=1)
        np.equal(values[:, :-1], values[:, 1:], out=tied[chunk, :-1])
    return tied


def scaled_map(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each map divided by its own maximum (section 3.1); NaN where the map is all zero.

    Args:
        maps: (N, H, W) float32, not negative.

    Returns:
        (N, H, W) float64 in [0, 1].
    """
    peak = maps.max(axis=(1, 2), keepdims=True).astype(np.float64)
    return maps / np.where(peak > 0, peak, np.nan)
