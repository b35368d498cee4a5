"""What classifiers write and read: the weights of each and the record of its training."""

from pathlib import Path
from typing import Any

from novelty_maps.pipeline import formats

CLASSIFIERS = Path("data/classifiers")
CLASSIFIER_METRICS = Path("metrics/classifiers")


def classifier_path(variant: str) -> Path:
    """Weights of one classifier."""
    return CLASSIFIERS / f"{variant}.pt"


def read_classifier(variant: str) -> dict[str, Any]:
    """State dict of one classifier.

    Raises:
        InputError: The file is missing or damaged.
    """
    remedy = f"train again with `python -m stages.representation.classify {variant}`"
    return formats.read_torch(classifier_path(variant), remedy=remedy)
