"""Every test image as the page shows it: a point, a picture, its maps and its top K."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.figures.examples import MARKED_MAPS, for_display
from novelty_maps.figures.style import KINDS
from novelty_maps.maps.ranking import scaled_map, top_pixels
from novelty_maps.page.sprites import (
    coarse,
    eight_bit,
    fitting_side,
    in_batches,
    reduced,
    sheet,
)
from novelty_maps.pipeline.rows import Images

DRAWN = 2000  # test images at most
_PIXELS = 1_600_000  # of a sheet at most
_GOLDEN = (5**0.5 - 1) / 2
MAP_COLORS = "inferno"

# Orders of the list: value of the choice, its label, what is sorted by, and 1 for rising.
_ORDERS = (
    ("score", "novelty score, highest first", "score", -1),
    ("score-up", "novelty score, lowest first", "score", 1),
    ("agreement", "agreement, lowest first", "agreement", 1),
    ("agreement-down", "agreement, highest first", "agreement", -1),
    ("distance", "what the error map misses: farthest salient pixel first", "distance", -1),
)


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
    images: Images,
    reconstructions: NDArray[np.float32],
    maps: Mapping[str, NDArray[np.float32]],
    *,
    drawn: NDArray[np.int64],
    k: int,
    colormap: str,
) -> dict[str, Any]:
    """Rows and pictures of test images, for the page's scripts.

    Args:
        points: As `point_rows` returns them, of the images that are drawn.
        images: (N, C, H, W), all test images.
        reconstructions: (N, C, H, W).
        maps: Each of `MARKED_MAPS`, (N, H, W).
        drawn: Rows of those that are drawn.
        k: The K of the top K.
        colormap: matplotlib colour map of one-channel images.

    Returns:
        `rows`, a mapping an image; `sheets`, as of `sprites.sheet`, in that order; `top`, the flat
        indices of the top K of each map, a row an image; `width`, pixels of a map's row; and what
        the list and the card of an image say, as of `described`.
    """
    side = fitting_side(len(drawn), images.shape[-1], pixels=_PIXELS // images.shape[1])
    sheets = {
        "input": sheet(input_pictures(images, drawn, side), colormap=colormap),
        "reconstruction": sheet(
            in_batches(
                lambda values: eight_bit(reduced(for_display(values), side)), reconstructions, drawn
            ),
            colormap=colormap,
        ),
    }
    for name in MARKED_MAPS:
        sheets[name] = sheet(map_pictures(maps[name], drawn, side), colormap=MAP_COLORS)
    return {
        "rows": points.to_dict(orient="records"),
        "sheets": sheets,
        "top": {name: top_of(maps[name], drawn, k) for name in MARKED_MAPS},
        "width": images.shape[-1],
        **_in_list(k),
    }


def _in_list(k: int) -> dict[str, Any]:
    """What is said of a test image."""
    return described(
        pictures=[
            ("input", "input"),
            ("reconstruction", "reconstruction"),
            ("reconstruction_error", "error"),
            ("saliency", "saliency"),
            ("top", f"top {k}: □ error × saliency"),
        ],
        numbers=[
            ("score", "score", ""),
            ("rank", "rank", ""),
            ("agreement", "agreement", f"of {k}"),
            ("distance", "farthest salient pixel", "px"),
            ("indirect", "indirect share", ""),
        ],
        orders=_ORDERS,
        ranges=[("score", "novelty score"), ("agreement", "agreement")],
        kinds={kind: kind for kind, _ in KINDS},
        noun="class",
    )


def described(
    *,
    pictures: Sequence[tuple[str, str]],
    numbers: Sequence[tuple[str, str, str]],
    orders: Sequence[tuple[str, str, str, int]],
    ranges: Sequence[tuple[str, str]],
    kinds: Mapping[str, str],
    noun: str,
) -> dict[str, Any]:
    """What the list of images and the card of one have, for the template and the scripts.

    Args:
        pictures: Sheet, or "top" for the top K over the input, and its label.
        numbers: Column of the rows, its label and its unit; the first ones are read out of a tile.
        orders: Value, label, column of the rows and 1 for rising, -1 for falling; the first is the
            one at first.
        ranges: Column whose values can be chosen by their ends, and its label.
        kinds: `kind` of the rows, normal or novel, which is its colour and mark, to its label.
        noun: What stands before the `name` of a row.
    """
    return {
        "pictures": [list(each) for each in pictures],
        "numbers": [list(each) for each in numbers],
        "orders": [list(each) for each in orders],
        "ranges": [list(each) for each in ranges],
        "kinds": dict(kinds),
        "noun": noun,
    }


def input_pictures(images: Images, drawn: NDArray[np.int64], side: int) -> NDArray[np.uint8]:
    """Images (N, C, H, W) uint8 as small pictures of the rows that are drawn."""
    return in_batches(
        lambda values: eight_bit(reduced(for_display(values / np.float32(255)), side)),
        images,
        drawn,
    )


def map_pictures(
    maps: NDArray[np.float32], drawn: NDArray[np.int64], side: int
) -> NDArray[np.uint8]:
    """Maps (N, H, W) as small pictures, each divided by its maximum."""
    return in_batches(
        lambda values: coarse(eight_bit(reduced(scaled_map(values), side))), maps, drawn
    )


def top_of(maps: NDArray[np.float32], drawn: NDArray[np.int64], k: int) -> list[list[int]]:
    """Flat indices of the K highest pixels of each map that is drawn."""
    top: list[list[int]] = in_batches(
        lambda values: top_pixels(np.asarray(values), k), maps, drawn
    ).tolist()
    return top
