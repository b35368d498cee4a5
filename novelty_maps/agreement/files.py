"""The files of the stages of agreement after `maps`: where they lie, what is in them."""

from pathlib import Path

import numpy as np
import pandas as pd

from novelty_maps.agreement.ranks import IMAGE_MEASURES, Ranks, place_type
from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.paths import GLANCE, PLOTS

RANKS = Path("data/ranks")
TRAJECTORY_RANKS = Path("data/trajectory_ranks")
NETWORKS = TRAJECTORY_RANKS / "networks.csv"
AGREEMENT_METRICS = Path("metrics/agreement.json")
AGREEMENT_GLANCE = GLANCE / "agreement.json"
AGREEMENT_BY_K = Path("metrics/agreement_by_k.csv")
AGREEMENT_HISTOGRAM = Path("metrics/agreement_histogram.csv")
DISTANCE_HISTOGRAM = Path("metrics/distance_histogram.csv")
PER_IMAGE = Path("metrics/per_image.csv")
EXPLANATION = Path("metrics/explanation.json")
BY_CLASS = Path("metrics/by_class.csv")
TRAJECTORY = Path("metrics/trajectory.csv")
AGREEMENT_PLOTS = PLOTS / "agreement"


def rank_paths(epoch: int | None = None, *, running: bool = False) -> tuple[Path, Path]:
    """Files of the two parts of `Ranks`.

    Args:
        epoch: An epoch of the trajectory; the network that is the result without.
        running: With batch norm's moving averages.
    """
    if epoch is None:
        return RANKS / "places.npy", RANKS / "images.npy"
    name = f"epoch_{epoch:04d}{'.running' if running else ''}"
    return TRAJECTORY_RANKS / f"{name}.places.npy", TRAJECTORY_RANKS / f"{name}.images.npy"


def write_ranks(ranks: Ranks, paths: tuple[Path, Path]) -> None:
    """Write what `ranks.rank_maps` returns."""
    arrays.write_array(paths[0], ranks.places)
    arrays.write_array(paths[1], ranks.images.to_records(index=False))


def load_ranks(paths: tuple[Path, Path], count: int, pixels: int) -> Ranks:
    """Ranks of so many images of so many pixels, the places memory-mapped.

    Raises:
        InputError: A file is missing or damaged, or belongs to other images.
    """
    maker = "ranks" if paths[0].parent == RANKS else "trajectory_ranks"
    places = arrays.read_array(
        paths[0], shape=(count, pixels), dtype=place_type(pixels), made_by=maker
    )
    measures = np.dtype([(name, np.float64) for name in IMAGE_MEASURES])
    images = arrays.read_array(paths[1], shape=(count,), dtype=measures, made_by=maker)
    return Ranks(places, pd.DataFrame(np.array(images)))


def read_networks() -> pd.DataFrame:
    """The networks of the trajectory: `epoch`, `best`, `running` and what is known of each.

    The ranks of the row that is best and not running are those of stage `ranks`.
    """
    return formats.read_table(
        NETWORKS,
        columns=["validation_loss", "gradient_residual"],
        integers=["epoch", "best", "running"],
        made_by="trajectory_ranks",
    )


def read_headline_k() -> int:
    """The K that the metrics were made with."""
    return int(formats.read_json(AGREEMENT_METRICS, keys=["k"], made_by="metrics")["k"])


def read_by_k() -> pd.DataFrame:
    """The curves over K, as `tables.by_k` returns them."""
    return formats.read_table(
        AGREEMENT_BY_K, columns=["chance_agreement"], integers=["k"], made_by="ranks"
    )


def read_per_image() -> pd.DataFrame:
    """A row per test image, as `tables.image_table` returns it."""
    return formats.read_table(
        PER_IMAGE,
        columns=["indirect_share", "gradient_error_cosine"],
        integers=["novel", "agreement"],
        made_by="metrics",
    )


def read_agreement_histogram() -> pd.DataFrame:
    """Share of images with each agreement, as `histograms.agreement_histogram` returns it."""
    return formats.read_table(
        AGREEMENT_HISTOGRAM,
        columns=["normal", "novel", "chance"],
        integers=["agreement"],
        made_by="metrics",
    )


def read_distance_histogram() -> pd.DataFrame:
    """Share of images by distance, as `histograms.distance_histogram` returns it."""
    return formats.read_table(
        DISTANCE_HISTOGRAM, columns=["normal", "novel"], integers=["distance"], made_by="metrics"
    )


def read_trajectory() -> pd.DataFrame:
    """A row per evaluated epoch, with the numbers of `trajectory.summary_row`."""
    return formats.read_table(
        TRAJECTORY,
        columns=["normal_agreement"],
        integers=["epoch", "running"],
        made_by="trajectory",
    )
