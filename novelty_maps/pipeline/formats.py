"""JSON, tables, text, weights and pictures as files; arrays are in `arrays`."""

import io
import json
import math
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline.atomic import atomic_write, remove_others, written_together
from novelty_maps.pipeline.errors import InputError, make_again

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# How a file of torch.save began before it was a zip archive, up to version 1.5.
_BEFORE_ZIP = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys, nine significant digits; what is not finite becomes null."""
    text = json.dumps(finite(values), indent=2, sort_keys=True, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def finite(value: Any) -> Any:
    """As JSON has it: None for every number that is not finite, and nine significant digits."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def flatten(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested numbers of a JSON file as one row of a table.

    Keys are joined by _, `estimate` is left out, texts are dropped. `pandas.json_normalize` would
    put what is nested behind what is not, and with it change the order of columns.
    """
    row: dict[str, Any] = {}
    for key, value in numbers.items():
        if isinstance(value, Mapping):
            for inner, item in flatten(value).items():
                row[key if inner == "estimate" else f"{key}_{inner}"] = item
        elif not isinstance(value, str):
            row[key] = value
    return row


def read_json(path: Path, *, keys: list[str], made_by: str) -> dict[str, Any]:
    """Read a JSON object that must have the given keys.

    Raises:
        InputError: The file is missing or damaged, or lacks a key.
    """
    remedy = make_again(made_by)
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
    path: Path,
    *,
    columns: list[str],
    integers: list[str] | None = None,
    texts: list[str] | None = None,
    made_by: str,
) -> pd.DataFrame:
    """Read a .csv that must have the given columns, and integers in some of them.

    Args:
        path: The file.
        columns: Those that it must have.
        integers: Those that it must have, and of integers.
        texts: Those that it must have, and that are no numbers whatever they look like ("001").
        made_by: The stage that writes it, for the error.

    Raises:
        InputError: The file is missing, not a table, lacks a column, or holds something else
            where integers belong.
    """
    remedy = make_again(made_by)
    try:
        kinds = dict.fromkeys(texts or [], str)
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=kinds)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: {remedy}") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a table ({error}): {remedy}") from None
    needed = [*columns, *(integers or []), *(texts or [])]
    missing = [c for c in needed if c not in table.columns]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]}: {remedy}")
    for column in integers or []:
        if not pd.api.types.is_integer_dtype(table[column]):
            raise InputError(f"{path} has other values than integers in {column}: {remedy}")
    for column in texts or []:
        table[column] = table[column].fillna("")
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is an error all the same
            values = torch.load(content, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make the unpickler raise anything
        raise InputError(f"{path} {_unreadable(content, error)}: {remedy}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds a {type(values).__name__}, not a state dict: {remedy}")
    return values


def _unreadable(content: io.BytesIO, error: Exception) -> str:
    """Why a file cannot be read as tensors; PyTorch's own text advises to execute what is in it."""
    content.seek(0)
    header = content.read(len(_BEFORE_ZIP))
    if header[8:9] == b"{":
        return "is a safetensors file: convert it with safetensors.torch.load_file and torch.save"
    refused = "weights_only" in str(error)
    if refused and (header == _BEFORE_ZIP or zipfile.is_zipfile(content)):
        return (
            "holds Python objects, such as a whole network or NumPy values, that only running code"
            " could read: save its state_dict() of tensors instead"
        )
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    shown = "no file of torch.save" if refused else reason
    return f"is damaged or holds no weights ({shown})"


def matplotlib_defaults() -> Any:
    """The settings that matplotlib comes with, but the backend, whatever the user has set."""
    import matplotlib as mpl

    return {key: value for key, value in mpl.rcParamsDefault.items() if key != "backend"}


def write_figure(path: Path, figure: "Figure", *, dpi: int) -> None:
    """Write a figure as .png, without a date or version in it.

    What is left to be decided while it is drawn follows matplotlib's own defaults, not the user's.
    """
    import matplotlib as mpl

    with atomic_write(path) as file, mpl.rc_context(matplotlib_defaults()):
        figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})


def write_figures(folder: Path, figures: Mapping[str, "Figure"], *, dpi: int) -> None:
    """Write figures as .png, called as they are, into a folder that then holds no other files."""
    files = {folder / f"{name}.png": figure for name, figure in figures.items()}
    with written_together():
        for path, figure in files.items():
            write_figure(path, figure, dpi=dpi)
    remove_others(folder, files)


def write_image(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write pixels, (H, W) grey or (H, W, 3), as .png."""
    from PIL import Image

    with atomic_write(path) as file:
        Image.fromarray(pixels).save(file, format="png")
