"""Maps full of ties, of several shapes, and the K worth trying on them."""

import numpy as np
from numpy.typing import NDArray

# Small integers tie often; the shapes are not square, and a chunk of the fast code has 256 images.
SHAPES = [(6, 4, 5), (5, 7, 3), (3, 1, 6), (260, 2, 3)]


def tied_maps(shape: tuple[int, int, int], seed: int) -> NDArray[np.float32]:
    """Integers −2..2 with zeros of both signs."""
    generator = np.random.default_rng(seed)
    maps = generator.integers(-2, 3, shape).astype(np.float32)
    return np.where(maps == 0, generator.choice([-0.0, 0.0], shape), maps).astype(np.float32)


def some_k(shape: tuple[int, int, int]) -> list[int]:
    """The ends of 1..n, what lies next to them, and the middle."""
    pixels = shape[1] * shape[2]
    return sorted({1, 2, pixels // 2, pixels - 1, pixels})
