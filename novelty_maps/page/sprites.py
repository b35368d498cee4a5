"""Many small pictures in one PNG, which a page holds as text."""

import base64
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from novelty_maps.pipeline.rows import Rows

STEPS = 64  # of a map: a sheet of 256 would be a third larger and look the same
SMALLEST = 32  # pixels a side that are left of a picture at least
_BATCH = 64  # images of full size at a time


def fitting_side(count: int, side: int, *, pixels: int) -> int:
    """Side of pictures of which so many have about so many pixels together.

    Args:
        count: Number of pictures.
        side: Their side in pixels, which is returned if there is room for it.
        pixels: Of all together.
    """
    return min(side, max(SMALLEST, math.isqrt(pixels // max(1, count))))


def reduced(values: NDArray[np.floating], side: int) -> NDArray[np.float32]:
    """Square images (N, H, W) or (N, H, W, 3) with a smaller side, by means of areas; float32."""
    if values.shape[1] == side:
        return values.astype(np.float32)
    channels = values[..., None] if values.ndim == 3 else values
    small = [
        np.stack(
            [
                np.asarray(Image.fromarray(channel).resize((side, side), Image.Resampling.BOX))
                for channel in np.moveaxis(image.astype(np.float32), -1, 0)
            ],
            axis=-1,
        )
        for image in channels
    ]
    return np.stack(small).reshape(len(values), side, side, *values.shape[3:])


def in_batches(
    function: Callable[[NDArray[Any]], NDArray[Any]],
    values: NDArray[Any] | Rows,
    rows: NDArray[np.integer],
) -> NDArray[Any]:
    """What a function makes of some images, of which memory holds few in full size.

    Args:
        function: From (n, ...) to (n, ...), of each image alone.
        values: All images or maps, memory-mapped where they are large.
        rows: (N,) those that are asked for, one at least.
    """
    starts = range(0, len(rows), _BATCH)
    return np.concatenate([function(values[rows[i : i + _BATCH]]) for i in starts])


def eight_bit(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values in [0, 1] as 0..255; NaN, of what is undefined, as 0."""
    whole: NDArray[np.uint8] = np.round(255 * np.nan_to_num(values).clip(0, 1)).astype(np.uint8)
    return whole


def coarse(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures in `STEPS` of their 256 values, the ends among them."""
    width = 256 // STEPS
    spread: NDArray[np.uint8] = np.round(pictures // width * (255 / (STEPS - 1))).astype(np.uint8)
    return spread


def palette(colormap: str) -> NDArray[np.uint8]:
    """The 256 colours of a matplotlib colour map, (256, 3)."""
    return eight_bit(colormaps[colormap](np.arange(256))[:, :3])


def sheet(
    pictures: NDArray[np.uint8], *, colormap: str = "gray", photos: bool = False
) -> dict[str, Any]:
    """All pictures in one, row by row.

    Args:
        pictures: (N, H, W) or, in colour, (N, H, W, 3).
        colormap: matplotlib colour map of what has one channel.
        photos: Whether they may be written as JPEG, which loses what is not seen in photos.

    Returns:
        `uri`, the sheet as a data URI; `columns`, pictures in a row; `side` of one in pixels.
        Picture i begins at column i % columns · side and row i // columns · side.
    """
    count, side = pictures.shape[:2]
    columns = max(1, math.isqrt(max(0, count - 1)) + 1)
    rows = max(1, -(-count // columns))
    grid = np.zeros((rows * columns, *pictures.shape[1:]), np.uint8)
    grid[:count] = pictures
    rest = pictures.shape[3:]
    tiled = grid.reshape(rows, columns, side, side, *rest).swapaxes(1, 2)
    image = Image.fromarray(tiled.reshape(rows * side, columns * side, *rest))
    if not rest and colormap != "gray":
        image.putpalette(palette(colormap).tobytes())
    buffer = io.BytesIO()
    kind = "jpeg" if photos else "png"
    image.save(buffer, format=kind, optimize=True, quality=85)
    uri = f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()
    return {"uri": uri, "columns": columns, "side": side}


def quantile_steps(
    maps: NDArray[np.floating],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Maps in `STEPS` steps that are finest where values are highest.

    Step l begins at the quantile 1 − (1 − l / STEPS)² of all values, so that a step means the same
    share of pixels in every map, whatever its unit.

    Args:
        maps: (N, H, W), not empty.

    Returns:
        The step of each pixel, (N, H, W) uint8; the value at which each begins, (STEPS,) ascending.
    """
    edges = np.quantile(maps, 1 - (1 - np.arange(STEPS) / STEPS) ** 2)
    steps = np.searchsorted(edges, maps, side="right") - 1
    return steps.clip(0).astype(np.uint8), edges.astype(np.float64)
