"""Which maps and which images the figures of localization show."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.maps.names import DETECTORS, HEADLINE_MAPS, PERFECT

_ALWAYS = (*HEADLINE_MAPS, "squared_saliency")
_TERMS = ("direct_term", "indirect_term")  # of the saliency; the direct one ranks as the error does


def over_all(table: pd.DataFrame) -> pd.DataFrame:
    """The rows over all images together, one a method.

    Args:
        table: `metrics/localization.csv`.
    """
    return table[table["grouping"] == "all"]


def shown_methods(table: pd.DataFrame) -> list[str]:
    """The few maps that are compared: error and saliency, both powers, and the best of the others.

    These are one of the network, one control and, where there are any, one detector.

    The best one has the highest average precision over all images. Both terms of the saliency and
    the mask are no candidates. What the table lacks is left out.

    Args:
        table: `metrics/localization.csv`.
    """
    rows = over_all(table)
    always = [method for method in _ALWAYS if method in set(rows["method"])]
    others = rows[~rows["method"].isin([*_ALWAYS, *_TERMS, PERFECT])]
    best = []
    detector = others["method"].isin(DETECTORS)
    control = others["control"] == 1
    for kind in (~control & ~detector, control, detector):
        candidates = others[kind].dropna(subset=["average_precision"])
        order = candidates.sort_values("average_precision", ascending=False, kind="stable")
        best += order["method"].head(1).tolist()
    return always + best


def most_missed(
    images: pd.DataFrame, table: pd.DataFrame, methods: Sequence[str]
) -> list[tuple[str, int]]:
    """Of each map the two images with the lowest average precision, the lowest first.

    They are of the data set's own novelties if there are any, else of planted ones.

    Args:
        images: As of `tables.per_image`.
        table: `Planted.table`.
        methods: The maps.

    Returns:
        Map and row of the image, the maps in their order.
    """
    own = table.loc[table["paired"] == 0, "row"]
    asked = images[images["row"].isin(own if len(own) else table["row"])]
    missed = []
    for method in methods:
        of_map = asked[asked["method"] == method].dropna(subset=["average_precision"])
        lowest = of_map.sort_values("average_precision", kind="stable")["row"].head(2)
        missed += [(method, int(row)) for row in lowest]
    return missed


def drawn_of_each_kind(table: pd.DataFrame, *, generator: np.random.Generator) -> NDArray[np.int64]:
    """Row of one image of each kind, at random among those of the highest intensity and size.

    Intensity goes first. Images without either, those of the data set's own masks, are alike.

    Args:
        table: `Planted.table`.
        generator: Source of randomness.
    """
    rows = []
    for _, images in table.groupby("kind", sort=False):
        for column in ("intensity", "size"):
            values = images[column].fillna(0)
            images = images[values == values.max()]
        rows.append(generator.choice(images["row"].to_numpy()))
    return np.array(rows, np.int64)
