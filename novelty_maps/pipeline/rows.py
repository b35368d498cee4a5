"""Some rows of an array on disk, read when they are asked for."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from novelty_maps.pipeline.arrays import Spool

_BATCH = 256  # rows at a time; bounds memory


class Rows:
    """Rows of a memory-mapped array in an order of their own, so that memory holds a batch only.

    Indexing reads: `rows[3]` a row, `rows[2:5]`, `rows[numbers]` and `rows[mask]` several, each
    time into a new array. NumPy's functions take it for an array and read all of it.

    Args:
        array: (M, ...), memory-mapped.
        rows: (N,) which rows, by their numbers.
    """

    def __init__(self, array: NDArray[Any], rows: ArrayLike) -> None:
        self._array = np.asarray(array)  # without what a memory map adds to each indexing
        self._rows = np.asarray(rows, np.intp)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape that an array of all rows would have."""
        return (len(self), *self._array.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self._array.dtype

    def __getitem__(self, index: Any) -> NDArray[Any]:
        wanted = self._rows[index]
        if wanted.ndim == 0:
            row: NDArray[Any] = np.array(self._array[wanted])
            return row
        order = np.argsort(wanted, kind="stable")  # as they lie on disk
        found = np.empty((len(wanted), *self._array.shape[1:]), self.dtype)
        found[order] = self._array[wanted[order]]
        return found

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("rows are read from disk: there is no array of them to share")
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def only(self, index: Any) -> "Rows":
        """Those of the rows that an index chooses, not read."""
        return Rows(self._array, self._rows[index])

    def in_order(self) -> NDArray[Any]:
        """An array of all rows, memory-mapped as well, for what must have an array."""
        spool = Spool(self.shape[1:], self.dtype)
        for start in range(0, len(self), _BATCH):
            spool.extend(self[start : start + _BATCH])
        return spool.array()


Images: TypeAlias = NDArray[np.uint8] | Rows  # (N, C, H, W) uint8


def mean_of(images: Images) -> NDArray[np.float64]:
    """Mean over images (N, C, H, W) uint8, (C, H, W) in 0..255, from exact sums."""
    total = np.zeros(images.shape[1:], np.int64)
    for start in range(0, len(images), _BATCH):
        total += images[start : start + _BATCH].sum(axis=0, dtype=np.int64)
    mean: NDArray[np.float64] = total / len(images)
    return mean
