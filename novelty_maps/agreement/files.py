"""The files of stages `metrics`, `trajectory` and `plots`: where they lie, what is in them."""

from pathlib import Path
from typing import TYPE_CHECKING

from novelty_maps.pipeline import formats
from novelty_maps.pipeline.paths import PLOTS

if TYPE_CHECKING:
    import pandas as pd

AGREEMENT_METRICS = Path("metrics/agreement.json")
AGREEMENT_BY_K = Path("metrics/agreement_by_k.csv")
AGREEMENT_HISTOGRAM = Path("metrics/agreement_histogram.csv")
DISTANCE_HISTOGRAM = Path("metrics/distance_histogram.csv")
PER_IMAGE = Path("metrics/per_image.csv")
EXPLANATION = Path("metrics/explanation.json")
BY_CLASS = Path("metrics/by_class.csv")
TRAJECTORY = Path("metrics/trajectory.csv")
AGREEMENT_PLOTS = PLOTS / "agreement"


def read_headline_k() -> int:
    """The K that the metrics were made with."""
    return int(formats.read_json(AGREEMENT_METRICS, keys=["k"], made_by="metrics")["k"])


def read_by_k() -> "pd.DataFrame":
    """The curves over K, as `tables.by_k` returns them."""
    return formats.read_table(
        AGREEMENT_BY_K, columns=["chance_agreement"], integers=["k"], made_by="metrics"
    )


def read_per_image() -> "pd.DataFrame":
    """A row per test image, as `tables.image_table` returns it."""
    return formats.read_table(
        PER_IMAGE,
        columns=["indirect_share", "gradient_error_cosine"],
        integers=["novel", "agreement"],
        made_by="metrics",
    )


def read_agreement_histogram() -> "pd.DataFrame":
    """Share of images with each agreement, as `histograms.agreement_histogram` returns it."""
    return formats.read_table(
        AGREEMENT_HISTOGRAM,
        columns=["normal", "novel", "chance"],
        integers=["agreement"],
        made_by="metrics",
    )


def read_distance_histogram() -> "pd.DataFrame":
    """Share of images by distance, as `histograms.distance_histogram` returns it."""
    return formats.read_table(
        DISTANCE_HISTOGRAM, columns=["normal", "novel"], integers=["distance"], made_by="metrics"
    )


def read_trajectory() -> "pd.DataFrame":
    """A row per evaluated epoch, with the numbers of `trajectory.summary_row`."""
    return formats.read_table(
        TRAJECTORY,
        columns=["normal_agreement"],
        integers=["epoch", "running"],
        made_by="trajectory",
    )
