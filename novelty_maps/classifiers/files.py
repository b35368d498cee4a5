"""What classifiers write and read: the weights of each and the record of its training."""

from pathlib import Path
from typing import Any

from novelty_maps.pipeline import formats

CLASSIFIERS = Path("data/classifiers")
CLASSIFIER_METRICS = Path("metrics/classifiers")


def classifier_path(variant: str) -> Path:
    """Weights of one classifier."""
    return CLASSIFIERS / f"{variant}.pt"


def kept_path(variant: str) -> Path:
    """Weights of one classifier after each of the epochs that were kept: epoch to state dict."""
    return CLASSIFIERS / "kept" / f"{variant}.pt"


def read_classifier(variant: str) -> dict[str, Any]:
    """State dict of one classifier.

    Raises:
        InputError: The file is missing or damaged.
    """
    return formats.read_torch(classifier_path(variant), remedy=_remedy(variant))


def read_kept(variant: str) -> dict[int, dict[str, Any]]:
    """Epoch to state dict of one classifier, of the epochs that were kept.

    Raises:
        InputError: The file is missing or damaged.
    """
    kept = formats.read_torch(kept_path(variant), remedy=_remedy(variant))
    return {int(epoch): weights for epoch, weights in kept.items()}


def _remedy(variant: str) -> str:
    return f"train again with `python -m stages.representation.classify {variant}`"
