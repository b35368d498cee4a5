"""Images with a novelty of known place, and every map of them, as the page shows them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.figures.examples import for_display
from novelty_maps.maps.names import short_name
from novelty_maps.page.images import MAP_COLORS
from novelty_maps.page.sprites import (
    eight_bit,
    fitting_side,
    palette,
    quantile_steps,
    reduced,
    sheet,
)
from novelty_maps.planting.planted import Planted

_PIXELS = 3_000_000  # of all maps together, at most


def shown_novelties(
    planted: Planted,
    maps: Mapping[str, NDArray[np.floating]],
    found: pd.DataFrame,
    *,
    colormap: str,
) -> dict[str, Any]:
    """Rows and pictures of planted test images, for the page's scripts.

    Args:
        planted: The N images.
        maps: Map to its absolute values on the images after, (N, H, W).
        found: `data/localized_images.csv`: what each map finds on each image.
        colormap: matplotlib colour map of one-channel images.

    Returns:
        `rows`, a mapping an image, with the average precision of each map in `found`; `sheets` of
        the images `after` and `before` and of the `mask`, as of `sprites.sheet`; `maps`, a mapping
        each: `name`, `label`, the `sheet` of its steps and the `values` at which they begin, as of
        `sprites.quantile_steps`; `palette`, colours of a map, 256 triples; `share` of all pixels
        that are novel.
    """
    count, _, side, _ = planted.after.shape
    side = fitting_side(count * max(1, len(maps)), side, pixels=_PIXELS)
    mask = reduced(planted.mask.astype(np.float32), side) >= 0.5
    shown = {
        name: sheet(
            eight_bit(reduced(for_display(getattr(planted, name) / np.float32(255)), side)),
            colormap=colormap,
        )
        for name in ("after", "before")
    }
    return {
        "rows": _rows(planted.table, found, list(maps)),
        "sheets": shown | {"mask": sheet(255 * mask.astype(np.uint8))},
        "maps": [_steps(name, reduced(np.asarray(values), side)) for name, values in maps.items()],
        "palette": palette(MAP_COLORS).tolist(),
        "share": float(planted.mask.mean()),
    }


def _steps(name: str, values: NDArray[np.float32]) -> dict[str, Any]:
    steps, edges = quantile_steps(values)
    begins = [float(f"{edge:.4g}") for edge in edges]
    return {"name": name, "label": short_name(name), "sheet": sheet(steps), "values": begins}


def _rows(table: pd.DataFrame, found: pd.DataFrame, methods: list[str]) -> list[dict[Any, Any]]:
    precision = found.set_index(["row", "method"])["average_precision"].unstack()  # noqa: PD010
    precision = precision.reindex(index=table["row"], columns=methods)
    rows: list[dict[Any, Any]] = table[["row", "kind", "size", "intensity", "paired"]].to_dict(
        orient="records"
    )
    for row, values in zip(rows, precision.to_numpy(), strict=True):
        row["found"] = dict(zip(methods, values.tolist(), strict=True))
    return rows
