"""Boxes of real pixels, in images that were padded to squares.

A box is its first row, its first column, and the row and the column after its last: int64. Padding
is what lies outside; it is neither normal nor novel. Where no image is padded there are no boxes,
and None stands for them.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Boxes = NDArray[np.int64]
Real = NDArray[np.bool_] | None  # as of `real_pixels`

_COLUMNS = ("top", "left", "bottom", "right")


def box_columns(boxes: Boxes | None, prefix: str = "") -> dict[str, NDArray[np.int64]]:
    """Boxes (N, 4) as columns of a table, named with a prefix; no columns without boxes."""
    if boxes is None:
        return {}
    return {f"{prefix}{name}": boxes[:, place] for place, name in enumerate(_COLUMNS)}


def boxes_of(table: pd.DataFrame, prefix: str = "") -> Boxes | None:
    """Boxes (N, 4) of a table with the columns of `box_columns`; None if it has none."""
    names = [f"{prefix}{name}" for name in _COLUMNS]
    return table[names].to_numpy(np.int64) if names[0] in table else None


def real_pixels(boxes: Boxes | None, size: tuple[int, ...]) -> Real:
    """Where images are no padding, (N, H, W) bool; None without boxes.

    Args:
        boxes: (N, 4).
        size: Height and width.
    """
    if boxes is None:
        return None
    top, left, bottom, right = (edge[:, None] for edge in boxes.T)
    rows, columns = (np.arange(length) for length in size)
    inside = (top <= rows) & (rows < bottom), (left <= columns) & (columns < right)
    real: NDArray[np.bool_] = inside[0][:, :, None] & inside[1][:, None, :]
    return real


def window(box: Iterable[int]) -> tuple[slice, slice]:
    """Rows and columns of a box."""
    top, left, bottom, right = box
    return slice(top, bottom), slice(left, right)
