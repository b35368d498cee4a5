"""What the program `score` has written, read again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.images.decoding import read_image
from novelty_maps.images.fit import Fit, fit_image
from novelty_maps.images.new import SCORES
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError

_MARKED = "_marked"  # ending of the columns of maps


class Pictures(Sequence[NDArray[np.uint8]]):
    """Pictures, (H, W) or (H, W, 3) each, that are read when they are asked for.

    Args:
        files: Theirs.
        read: From a file to its picture.
    """

    def __init__(self, files: Sequence[Path], read: Callable[[Path], NDArray[np.uint8]]) -> None:
        self._files = files
        self._read = read

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, index: slice) -> "Pictures": ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Pictures(self._files[index], self._read)
        return self._read(self._files[index])


class Results(NamedTuple):
    """Photos and what was found of them.

    Attributes:
        table: A row a photo, as of `localization.scoring.score_images`.
        photos: As they were scored.
        overlays: Map to its picture over each photo.
    """

    table: pd.DataFrame
    photos: Pictures
    overlays: dict[str, Pictures]


def read_results(folder: Path, *, fit: Fit) -> Results:
    """The results in a folder, pictures when they are asked for.

    Args:
        folder: With `scores.csv`.
        fit: How photos that are not square were made so.

    Raises:
        InputError: A file is missing, or is no table.
    """
    path = folder / SCORES
    if not path.exists():
        raise InputError(f"{path} does not exist: give a folder that `novelty-maps score` wrote")
    table = formats.read_table(path, columns=["file", "novelty_score", "p_value"], made_by="score")
    columns = [str(name) for name in table]
    methods = [name.removesuffix(_MARKED) for name in columns if name.endswith(_MARKED)]
    files = [Path(name) for name in table["file"].astype(str)]
    for file in files:
        if not file.is_file():
            raise InputError(
                f"{file}, which {path} names, does not exist: run this where score was run"
            )
    names = _names(files, folder, f".{methods[0]}.png")
    overlays = {
        method: Pictures([Path(f"{folder / name}.{method}.png") for name in names], _picture)
        for method in methods
    }
    side = len(overlays[methods[0]][0])
    return Results(table, Pictures(files, lambda file: _photo(file, side, fit)), overlays)


def _names(files: Sequence[Path], folder: Path, ending: str) -> list[Path]:
    """What the results of each photo are named after: an end of its path, without the suffix.

    Longer paths come first and take the longest name that is there and not yet taken.
    """
    names: dict[Path, Path] = {}
    for file in sorted(files, key=lambda file: len(file.parts), reverse=True):
        parts = file.with_suffix("").parts
        ends = [Path(*parts[place:]) for place in range(len(parts)) if parts[place] != file.anchor]
        there = (
            end
            for end in ends
            if end not in names.values() and Path(f"{folder / end}{ending}").exists()
        )
        name = next(there, None)
        if name is None:
            raise InputError(
                f"{folder} has no {file.stem}{ending}: score the photos again, and then their page"
            )
        names[file] = name
    return [names[file] for file in files]


def _picture(file: Path) -> NDArray[np.uint8]:
    return read_image(file)[0].transpose(1, 2, 0)


def _photo(file: Path, side: int, fit: Fit) -> NDArray[np.uint8]:
    pixels = fit_image(read_image(file)[0], side, fit).transpose(1, 2, 0)
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels
