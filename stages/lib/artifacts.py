"""File formats, and nothing else: what is written is written whole, what is read is checked.

Every writer fills a temporary file beside the target and renames it, so that a reader sees the
old file or the new one, never a part. No reader executes code from a file.
"""

import hashlib
import io
import json
import math
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stages.lib.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import DTypeLike, NDArray


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Binary file that replaces `path` when the block ends well and vanishes when it does not.

    Args:
        path: Target; missing parent folders are made.

    Yields:
        A file open for writing.

    Raises:
        OSError: The disk is full, read-only or gone; it names `path`, which is left as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            if _held_back is None:
                Path(name).replace(path)
            else:
                _held_back[Path(name)] = path
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        error.filename = str(path)
        error.filename2 = None
        raise


_held_back: dict[Path, Path] | None = None


@contextmanager
def written_together() -> Iterator[None]:
    """Files written in the block replace their targets when all are written, or none does."""
    global _held_back
    _held_back = {}
    try:
        yield
        for temporary, path in _held_back.items():
            temporary.replace(path)
    finally:
        for temporary in _held_back:
            temporary.unlink(missing_ok=True)
        _held_back = None


def write_array(path: Path, array: "NDArray[Any]") -> None:
    """Write an array as .npy."""
    with stream_array(path, array.shape, array.dtype) as stream:
        stream.append(array)


@contextmanager
def stream_array(path: Path, shape: tuple[int, ...], dtype: "DTypeLike") -> Iterator["ArrayStream"]:
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


@contextmanager
def stream_arrays(
    files: Mapping[str, Path], shape: tuple[int, ...], dtype: "DTypeLike"
) -> Iterator[dict[str, "ArrayStream"]]:
    """Several .npy files of one shape, as `stream_array` has one."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(stream_array(path, shape, dtype))
            for name, path in files.items()
        }


class ArrayStream:
    """The open end of `stream_array`."""

    def __init__(self, file: IO[bytes], shape: tuple[int, ...], dtype: "np.dtype[Any]") -> None:
        self.rows = 0
        self._file = file
        self._row_shape = shape[1:]
        self._dtype = dtype

    def append(self, batch: "NDArray[Any]") -> None:
        """Append rows: an array of shape (n, *row shape) and of the announced type."""
        if batch.shape[1:] != self._row_shape or batch.dtype != self._dtype:
            raise ValueError(
                f"a batch of {batch.dtype} {batch.shape[1:]} does not fit"
                f" an array of {self._dtype} {self._row_shape}"
            )
        self._file.write(np.ascontiguousarray(batch).data)
        self.rows += len(batch)


def read_array(
    path: Path,
    *,
    shape: tuple[int | None, ...],
    dtype: "DTypeLike",
    made_by: str,
    further_axes: bool = False,
) -> "NDArray[Any]":
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
    remedy = f"make it again with `python -m stages.{made_by}`"
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


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys, nine significant digits; what is not finite becomes null."""
    text = json.dumps(_finite(values), indent=2, sort_keys=True, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def read_json(path: Path, *, keys: list[str], made_by: str) -> dict[str, Any]:
    """Read a JSON object that must have the given keys.

    Raises:
        InputError: The file is missing or damaged, or lacks a key.
    """
    remedy = f"make it again with `python -m stages.{made_by}`"
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: {remedy}") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}): {remedy}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no JSON object: {remedy}")
    missing = [key for key in keys if key not in values]
    if missing:
        raise InputError(f"{path} lacks the key {missing[0]}: {remedy}")
    return values


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as .csv, floats with nine significant digits, NaN as an empty field."""
    with atomic_write(path) as file:
        table.to_csv(file, index=False, float_format="%.9g", lineterminator="\n")


def read_table(
    path: Path, *, columns: list[str], integers: list[str] | None = None, made_by: str
) -> pd.DataFrame:
    """Read a .csv that must have the given columns, and integers in some of them.

    Raises:
        InputError: The file is missing, not a table, lacks a column, or holds something else
            where integers belong.
    """
    remedy = f"make it again with `python -m stages.{made_by}`"
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: {remedy}") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a table ({error}): {remedy}") from None
    missing = [c for c in [*columns, *(integers or [])] if c not in table.columns]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]}: {remedy}")
    for column in integers or []:
        if not pd.api.types.is_integer_dtype(table[column]):
            raise InputError(f"{path} has other values than integers in {column}: {remedy}")
    return table


def write_torch(path: Path, values: Mapping[str, Any]) -> None:
    """Write tensors and plain values as .pt."""
    import torch

    buffer = io.BytesIO()  # torch.save hides what the disk says
    torch.save(dict(values), buffer)
    with atomic_write(path) as file:
        file.write(buffer.getbuffer())


def read_torch(path: Path, *, remedy: str) -> dict[str, Any]:
    """Read tensors and plain values from .pt without executing anything.

    Raises:
        InputError: The file is missing, damaged, or holds other objects.
    """
    import torch

    try:
        content = io.BytesIO(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: {remedy}") from None
    try:
        values = torch.load(content, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make the unpickler raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is damaged or holds no weights ({reason}): {remedy}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds a {type(values).__name__}, not a state dict: {remedy}")
    return values


def write_figure(path: Path, figure: "Figure", *, dpi: int) -> None:
    """Write a figure as .png, without a date or version in it."""
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})


def write_image(path: Path, pixels: "NDArray[np.uint8]") -> None:
    """Write pixels, (H, W) grey or (H, W, 3), as .png."""
    from PIL import Image

    with atomic_write(path) as file:
        Image.fromarray(pixels).save(file, format="png")


def remove_others(folder: Path, keep: Collection[Path]) -> None:
    """Delete the files of a folder that are not among `keep`: left over from other settings.

    The folder is made if it does not exist, so that a stage's output is there, if empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(folder.iterdir()):
        if file.is_file() and file not in keep:
            file.unlink()


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Checksum of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def cache_folder(name: str) -> Path:
    """Folder for what outlives a run and belongs to no output: downloads and checkpoints.

    It lies outside the workspace because DVC runs queued and temporary experiments in workspaces
    of their own, which it deletes.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "novelty-maps" / name
