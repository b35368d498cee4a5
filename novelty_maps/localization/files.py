"""What the stages of localization write: the maps of planted images, the tables and numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.maps.names import CHALLENGER, GAINS, REFERENCE
from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.paths import GLANCE, PLOTS
from novelty_maps.planting.planted import Planted

PLANTED_MAPS = Path("data/planted_maps")
LOCALIZED = Path("data/localized")
HEADLINE = LOCALIZED / "headline.json"  # metrics/localization.json without what depends on K
COMPARED_IMAGES = LOCALIZED / "images.npy"
LOCALIZED_IMAGES = Path("data/localized_images.csv")
LOCALIZATION = Path("metrics/localization.csv")
LOCALIZATION_METRICS = Path("metrics/localization.json")
LOCALIZATION_GLANCE = GLANCE / "localization.json"
LOCALIZATION_PLOTS = PLOTS / "localization"

GROUPINGS = ("kind", "size", "intensity")  # columns of the planted images' table
COMPARED = (REFERENCE, CHALLENGER)  # the maps whose agreement is held against what they find
COMPARED_MEASURES = [
    f"{method}_{name}" for method in COMPARED for name in ("average_precision", "pointing_game")
]


def image_columns(table: pd.DataFrame) -> pd.DataFrame:
    """What tables say of each planted image: `row`, `GROUPINGS`, `group` where images share one."""
    return table[[name for name in ("row", *GROUPINGS, "group") if name in table]]


def planted_map_path(part: str, moment: str, method: str) -> Path:
    """One map of the images of a part "before" or "after" the novelty: (N, H, W) float32."""
    return PLANTED_MAPS / f"{part}.{moment}.{method}.npy"


def normal_map_path(method: str) -> Path:
    """One map of all normal validation images, with a novelty or not: (M, H, W) float32."""
    return PLANTED_MAPS / f"validation.normal.{method}.npy"


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


def require_planted_map(method: str, validation: Planted, test: Planted) -> None:
    """Raise InputError unless all files of a map of the planted images can be loaded."""
    load_planted_map("validation", "after", method, validation)
    for moment in ("before", "after"):
        load_planted_map("test", moment, method, test)


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


def write_compared(images: Mapping[str, pd.DataFrame]) -> None:
    """Write what the maps of `COMPARED` find on each planted test image.

    Args:
        images: Map to its measures, as of `found.Found`.
    """
    columns = pd.concat([images[name].add_prefix(f"{name}_") for name in COMPARED], axis=1)
    arrays.write_array(COMPARED_IMAGES, columns[COMPARED_MEASURES].to_records(index=False))


def load_compared(count: int) -> pd.DataFrame:
    """What they find on so many images: (count) rows of `COMPARED_MEASURES`, in float64.

    Raises:
        InputError: The file is missing or damaged, or belongs to other images.
    """
    measures = np.dtype([(name, np.float64) for name in COMPARED_MEASURES])
    found = arrays.read_array(
        COMPARED_IMAGES, shape=(count,), dtype=measures, made_by="localization.measures"
    )
    return pd.DataFrame(np.array(found))


def read_headline() -> dict[str, Any]:
    """The headline numbers that do not depend on K, as of `summary.summarise`.

    Raises:
        InputError: The file is missing or damaged.
    """
    return formats.read_json(HEADLINE, keys=[], made_by="localization.measures")


def read_localized_images() -> pd.DataFrame:
    """The table of every map's measures of each image, as of `tables.per_image`.

    Raises:
        InputError: The file is missing or damaged, or lacks a column.
    """
    return formats.read_table(
        LOCALIZED_IMAGES,
        columns=["method", "average_precision"],
        integers=["row"],
        made_by="localization.measures",
    )


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
        made_by="localization.measures",
    )
