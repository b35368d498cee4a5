"""Images with a novelty of known place, and every map of them, as the page shows them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.figures.examples import for_display
from novelty_maps.maps.names import short_name
from novelty_maps.page.images import MAP_COLORS, drawn_rows
from novelty_maps.page.sprites import (
    eight_bit,
    fitting_side,
    palette,
    quantile_steps,
    reduced,
    sheet,
)
from novelty_maps.planting.planted import Planted

NOVELTIES = 400  # images at most
_PIXELS = 3_000_000  # of all maps together, about, unless pictures would become too small


def shown_novelties(
    planted: Planted,
    maps: Mapping[str, NDArray[np.floating]],
    found: pd.DataFrame,
    *,
    colormap: str,
    seed: int,
) -> dict[str, Any]:
    """Rows and pictures of planted test images, for the page's scripts.

    Args:
        planted: The N images.
        maps: Map to its values on the images after, (N, H, W), of which the absolute ones are
            shown.
        found: `data/localized_images.csv`: what each map finds on each image.
        colormap: matplotlib colour map of one-channel images.
        seed: Draws `NOVELTIES` images, where there are more.

    Returns:
        Of the images that are drawn: `rows`, a mapping each, with the average precision of each map
        in `found`; `sheets` of the images `after` and of the `mask`, as of `sprites.sheet`, in that
        order; `maps`, a mapping each: `name`, `label`, the `sheet` of its steps and the `values` at
        which they begin, as of `sprites.quantile_steps`; `palette`, colours of a map, 256 triples;
        `share` of all pixels that are novel. And `total`, N.
    """
    count, _, side, _ = planted.after.shape
    drawn = drawn_rows(count, NOVELTIES, seed=seed)
    side = fitting_side(len(drawn) * max(1, len(maps)), side, pixels=_PIXELS)
    after = reduced(for_display(planted.after[drawn] / np.float32(255)), side)
    novel = planted.mask[drawn]
    mask = reduced(novel.astype(np.float32), side) >= 0.5
    return {
        "rows": _rows(planted.table.iloc[drawn], found, list(maps)),
        "total": count,
        "sheets": {
            "after": sheet(eight_bit(after), colormap=colormap),
            "mask": sheet(255 * mask.astype(np.uint8)),
        },
        "maps": [
            _steps(name, reduced(abs(np.asarray(values[drawn])), side))
            for name, values in maps.items()
        ],
        "palette": palette(MAP_COLORS).tolist(),
        "share": float(novel.mean()),
    }


def _steps(name: str, values: NDArray[np.float32]) -> dict[str, Any]:
    steps, edges = quantile_steps(values)
    begins = [float(f"{edge:.4g}") for edge in edges]
    return {"name": name, "label": short_name(name), "sheet": sheet(steps), "values": begins}


def _rows(table: pd.DataFrame, found: pd.DataFrame, methods: list[str]) -> list[dict[Any, Any]]:
    precision = found.set_index(["row", "method"])["average_precision"].unstack()  # noqa: PD010
    precision = precision.reindex(index=table["row"], columns=methods)
    rows: list[dict[Any, Any]] = table[["row", "kind", "size", "intensity"]].to_dict(
        orient="records"
    )
    for row, values in zip(rows, precision.to_numpy(), strict=True):
        row["found"] = dict(zip(methods, values.tolist(), strict=True))
    return rows
