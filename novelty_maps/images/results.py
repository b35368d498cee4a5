"""What the program `score` has written, read again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.images.decoding import read_image
from novelty_maps.images.fit import Fit, fit_image
from novelty_maps.images.new import SCORES
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError

_MARKED = "_marked"  # ending of the columns of maps


class Pictures:
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

    def __getitem__(self, place: int, /) -> NDArray[np.uint8]:
        return self._read(self._files[place])


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


def read_results(folder: Path) -> Results:
    """The results in a folder, pictures when they are asked for.

    Args:
        folder: With `scores.csv`.

    Raises:
        InputError: A file is missing, or is no table of results.
    """
    path = folder / SCORES
    if not path.exists():
        raise InputError(f"{path} does not exist: give a folder that `novelty-maps score` wrote")
    columns = ["file", "novelty_score", "p_value", "name", "fit"]
    table = formats.read_table(path, columns=columns, texts=["file", "name"], made_by="score")
    methods = [str(name).removesuffix(_MARKED) for name in table if str(name).endswith(_MARKED)]
    if table.empty or not methods or table["fit"].iloc[0] not in get_args(Fit):
        raise InputError(f"{path} has no photo, no map or another fit: score the photos again")
    files = [Path(name) for name in table["file"]]
    for file in files:
        if not file.is_file():
            raise InputError(
                f"{file}, which {path} names, does not exist: run this where score was run"
            )
    overlays = {
        method: Pictures(
            [_there(folder, f"{name}.{method}.png") for name in table["name"]], _picture
        )
        for method in methods
    }
    side = len(overlays[methods[0]][0])
    fit: Fit = table["fit"].iloc[0]
    return Results(table, Pictures(files, lambda file: _photo(file, side, fit)), overlays)


def _there(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise InputError(f"{folder} has no {name}: score the photos again, and then their page")
    return folder / name


def _picture(file: Path) -> NDArray[np.uint8]:
    return read_image(file)[0].transpose(1, 2, 0)


def _photo(file: Path, side: int, fit: Fit) -> NDArray[np.uint8]:
    pixels = fit_image(read_image(file)[0], side, fit).transpose(1, 2, 0)
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels
