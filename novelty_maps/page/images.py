"""Every test image as the page shows it: a point, a picture, its maps and its top K."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.figures.examples import MARKED_MAPS, for_display
from novelty_maps.figures.style import KINDS
from novelty_maps.maps.ranking import scaled_map, top_pixels
from novelty_maps.page.sprites import coarse, eight_bit, fitting_side, reduced, sheet

DRAWN = 2000  # test images at most
_PIXELS = 1_600_000  # of a sheet at most
_GOLDEN = (5**0.5 - 1) / 2
MAP_COLORS = "inferno"


def drawn_rows(count: int, most: int, *, seed: int) -> NDArray[np.int64]:
    """Rows of the images that are drawn: all of them, or so many at random; ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def point_rows(per_image: pd.DataFrame, *, classes: Sequence[str]) -> pd.DataFrame:
    """What the page says of each test image.

    Args:
        per_image: `metrics/per_image.csv`.
        classes: Name of each class, in label order.

    Returns:
        `row`, `name` (of the class), `kind`, `score` (reconstruction loss), `rank` (1 = highest
        score), `agreement`, `spread` (agreement moved by less than half a pixel, so that equal ones
        are seen side by side), `distance` (of the salient pixel farthest from the top K of the
        error) and `indirect`, the share of the indirect term; a row an image.
    """
    place = np.arange(len(per_image))
    rank = per_image["reconstruction_loss"].rank(ascending=False, method="first")
    return pd.DataFrame(
        {
            "row": per_image["row"],
            "name": [classes[label] for label in per_image["label"]],
            "kind": [KINDS[novel][0] for novel in per_image["novel"]],
            "score": per_image["reconstruction_loss"],
            "rank": rank.astype(int),
            "agreement": per_image["agreement"],
            "spread": per_image["agreement"] + 0.7 * (place * _GOLDEN % 1 - 0.5),
            "distance": per_image["max_distance_saliency_to_error"],
            "indirect": per_image["indirect_share"],
        }
    )


def shown_images(
    points: pd.DataFrame,
    images: NDArray[np.uint8],
    reconstructions: NDArray[np.float32],
    maps: dict[str, NDArray[np.float32]],
    *,
    k: int,
    colormap: str,
) -> dict[str, Any]:
    """Rows and pictures of test images, for the page's scripts.

    Args:
        points: As `point_rows` returns them, of these N images.
        images: (N, C, H, W).
        reconstructions: (N, C, H, W).
        maps: Each of `MARKED_MAPS`, (N, H, W).
        k: The K of the top K.
        colormap: matplotlib colour map of one-channel images.

    Returns:
        `rows`, a mapping an image; `sheets`, as of `sprites.sheet`, in that order; `top`, the flat
        indices of the top K of each map, (N, K); `k` and `width`, pixels of a map's row.
    """
    side = fitting_side(len(images), images.shape[-1], pixels=_PIXELS // images.shape[1])
    shown = {
        "input": for_display(images / np.float32(255)),
        "reconstruction": for_display(reconstructions),
    }
    sheets = {
        name: sheet(eight_bit(reduced(values, side)), colormap=colormap)
        for name, values in shown.items()
    }
    for name in MARKED_MAPS:
        pictures = coarse(eight_bit(reduced(scaled_map(maps[name]), side)))
        sheets[name] = sheet(pictures, colormap=MAP_COLORS)
    return {
        "rows": points.to_dict(orient="records"),
        "sheets": sheets,
        "top": {name: top_pixels(np.asarray(maps[name]), k).tolist() for name in MARKED_MAPS},
        "k": k,
        "width": images.shape[-1],
    }
