"""Arrays as .npy files: written whole, or batch by batch; read memory-mapped and checked.

And arrays that grow on disk, where memory is not to grow with them.
"""

import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from novelty_maps.pipeline.atomic import atomic_write
from novelty_maps.pipeline.errors import InputError, make_again

_IN_MEMORY = 2**24  # bytes of a spool's rows


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array as .npy."""
    with stream_array(path, array.shape, array.dtype) as stream:
        stream.append(array)


@contextmanager
def stream_array(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> Iterator["ArrayStream"]:
    """A .npy file that is filled batch by batch, so that memory holds one batch only.

    Args:
        path: Target.
        shape: Shape of the whole array; batches are appended along the first axis.
        dtype: Type of its elements.

    Yields:
        The stream; its `append` takes the next batch.

    Raises:
        ValueError: The block ended with fewer or more rows than `shape` says.
    """
    with atomic_write(path) as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
            "fortran_order": False,
            "shape": shape,
        }
        np.lib.format.write_array_header_1_0(file, header)
        stream = ArrayStream(file, shape, np.dtype(dtype))
        yield stream
        if stream.rows != shape[0]:
            raise ValueError(f"{path}: {stream.rows} rows were written, {shape[0]} announced")


class ArrayStream:
    """The open end of `stream_array`."""

    def __init__(self, file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.rows = 0
        self._file = file
        self._row_shape = shape[1:]
        self._dtype = dtype

    def append(self, batch: NDArray[Any]) -> None:
        """Append rows: an array of shape (n, *row shape) and of the announced type."""
        if batch.shape[1:] != self._row_shape or batch.dtype != self._dtype:
            raise ValueError(
                f"a batch of {batch.dtype} {batch.shape[1:]} does not fit"
                f" an array of {self._dtype} {self._row_shape}"
            )
        self._file.write(np.ascontiguousarray(batch).data)
        self.rows += len(batch)


class Spool:
    """Rows of one shape, past 16 MiB on disk in a file without a name that goes when they go.

    Args:
        row_shape: Shape of a row.
        dtype: Type of its elements.
    """

    def __init__(self, row_shape: tuple[int, ...], dtype: DTypeLike) -> None:
        # Here, if one may write here, because the usual folder for such files may be memory.
        folder = "." if os.access(".", os.W_OK) else None
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=folder)  # noqa: SIM115  (closed with the rows)
        self.row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._rows = 0

    def append(self, row: NDArray[Any]) -> int:
        """Append a row; returns its place among them."""
        self.extend(row[None])
        return self._rows - 1

    def extend(self, rows: NDArray[Any]) -> None:
        """Append several rows, (n, *row shape)."""
        if rows.shape[1:] != self.row_shape or rows.dtype != self._dtype:
            raise ValueError(
                f"a row of {rows.dtype} {rows.shape[1:]} does not fit {self._dtype}"
                f" {self.row_shape}"
            )
        try:
            self._file.write(np.ascontiguousarray(rows).data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(Path.cwd())) from error
        self._rows += len(rows)

    def array(self) -> NDArray[Any]:
        """All rows, (N, *row shape), large ones memory-mapped; what is written stays in memory."""
        shape = (self._rows, *self.row_shape)
        if math.prod(shape) * self._dtype.itemsize > _IN_MEMORY:
            self._file.flush()
            return np.memmap(self._file, self._dtype, "c", shape=shape)
        self._file.seek(0)
        return np.frombuffer(bytearray(self._file.read()), self._dtype).reshape(shape)


def spooled(batches: Iterable[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """The rows of each name from all batches, as of `Spool.array`; no names without a batch."""
    spools: dict[str, Spool] = {}
    for batch in batches:
        for name, rows in batch.items():
            if name not in spools:
                spools[name] = Spool(rows.shape[1:], rows.dtype)
            spools[name].extend(rows)
    return {name: spool.array() for name, spool in spools.items()}


def read_array(
    path: Path,
    *,
    shape: tuple[int | None, ...],
    dtype: DTypeLike,
    made_by: str,
    further_axes: bool = False,
) -> NDArray[Any]:
    """Open a .npy file memory-mapped and read-only.

    Args:
        path: The file.
        shape: Shape that it must have; None for an axis of any length.
        dtype: Element type that it must have.
        made_by: The stage that makes it, named in the error.
        further_axes: Whether axes of any length may follow those of `shape`.

    Returns:
        The array, on disk until it is touched.

    Raises:
        InputError: The file is missing, truncated, not .npy, or of another shape or type.
    """
    remedy = make_again(made_by)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: {remedy}") from None
    except OSError:
        raise
    except Exception as error:  # a damaged header meets Python's parser, which raises anything
        raise InputError(f"{path} is truncated or not a .npy file ({error}): {remedy}") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} is an archive, not a .npy file: {remedy}")
    if further_axes:
        shape = (*shape, *[None] * (array.ndim - len(shape)))
    fits = array.ndim == len(shape) and all(
        length in (None, found) for length, found in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != np.dtype(dtype):
        wanted = "×".join("any" if length is None else str(length) for length in shape)
        found = "×".join(map(str, array.shape)) or "scalar"
        raise InputError(
            f"{path} holds {array.dtype} {found}, not {np.dtype(dtype)} {wanted}: {remedy}"
        )
    return array
