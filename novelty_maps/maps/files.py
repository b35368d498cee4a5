"""The files of stage `maps`: the reconstruction and the maps of every test image."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from novelty_maps.pipeline import arrays

MAPS = Path("data/maps")
RECONSTRUCTION = "reconstruction"  # lies beside the maps and has the shape of the images


def map_path(method: str) -> Path:
    """File of one map, row i of it is row i of the test part: (N, H, W) float32."""
    return MAPS / f"{method}.npy"


def load_maps(
    methods: Iterable[str], shape: tuple[int | None, ...]
) -> dict[str, NDArray[np.float32]]:
    """Maps of the test images, memory-mapped.

    Args:
        methods: Names of the maps.
        shape: (N, H, W) of the test images; None for a side that only need be that of all maps.

    Returns:
        Method to maps (N, H, W) float32.

    Raises:
        InputError: A file is missing or damaged, or belongs to other images.
    """
    maps = {}
    for method in methods:
        maps[method] = _read(method, shape)
        shape = maps[method].shape
    return maps


def load_reconstructions(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Reconstructions of the test images of this shape, (N, C, H, W) float32, memory-mapped."""
    return _read(RECONSTRUCTION, shape)


def _read(name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    return arrays.read_array(map_path(name), shape=shape, dtype=np.float32, made_by="maps")
