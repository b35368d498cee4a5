"""What the stages of localization write: the maps of planted images, the tables and numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.maps.names import GAINS
from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.paths import PLOTS
from novelty_maps.planting.planted import Planted

PLANTED_MAPS = Path("data/planted_maps")
LOCALIZED_IMAGES = Path("data/localized_images.csv")
LOCALIZATION = Path("metrics/localization.csv")
LOCALIZATION_METRICS = Path("metrics/localization.json")
LOCALIZATION_PLOTS = PLOTS / "localization"


def planted_map_path(part: str, moment: str, method: str) -> Path:
    """One map of the images of a part "before" or "after" the novelty: (N, H, W) float32."""
    return PLANTED_MAPS / f"{part}.{moment}.{method}.npy"


def normal_map_path(method: str) -> Path:
    """One map of all normal validation images, with a novelty or not: (M, H, W) float32."""
    return PLANTED_MAPS / f"validation.normal.{method}.npy"


class PlantedMaps(NamedTuple):
    """A map of the images before and after a novelty, (N, H, W) float32 each, not negative."""

    before: NDArray[np.float32]
    after: NDArray[np.float32]


def load_planted_map(part: str, moment: str, method: str, planted: Planted) -> NDArray[np.float32]:
    """One map of the planted images of a part, (N, H, W) float32, memory-mapped and with its sign.

    Args:
        part: "validation" or "test".
        moment: "before" or "after".
        method: Name of the map.
        planted: The images, whose shape the map must fit.

    Raises:
        InputError: The file is missing or damaged, or belongs to other images.
    """
    maps: NDArray[np.float32] = arrays.read_array(
        planted_map_path(part, moment, method),
        shape=planted.mask.shape,
        dtype=np.float32,
        made_by="localization.maps",
    )
    return maps


def load_planted_maps(
    part: str, methods: Sequence[str], planted: Planted
) -> dict[str, PlantedMaps]:
    """Magnitudes of several maps of the planted images of a part, as of `load_planted_map`."""
    return {
        method: PlantedMaps(
            *(
                np.abs(load_planted_map(part, moment, method, planted))
                for moment in PlantedMaps._fields
            )
        )
        for method in methods
    }


def load_normal_map(method: str, planted: Planted) -> NDArray[np.float32]:
    """One map of all normal validation images, (M, H, W) float32, memory-mapped.

    Args:
        method: Name of a map that has no sign.
        planted: Planted images, whose height and width the map must have.

    Raises:
        InputError: The file is missing or damaged, or belongs to images of another size.
    """
    maps: NDArray[np.float32] = arrays.read_array(
        normal_map_path(method),
        shape=(None, *planted.mask.shape[1:]),
        dtype=np.float32,
        made_by="localization.maps",
    )
    return maps


def read_localization() -> pd.DataFrame:
    """The table of every map's measures, as of `tables.localization_table`.

    Raises:
        InputError: The file is missing or damaged, or lacks a column.
    """
    measures = ("average_precision", "aupro")
    measured = [*measures, *(f"{measure}_{gain}" for gain in GAINS for measure in measures)]
    intervals = [f"{name}{end}" for name in measured for end in ("", "_low", "_high")]
    return formats.read_table(
        LOCALIZATION,
        columns=["grouping", "group", "method", *intervals],
        integers=["control"],
        made_by="localization.metrics",
    )
