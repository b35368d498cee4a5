"""What representation writes and reads: embeddings, scores, tables and figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import GLANCE, PLOTS

CHECKED = Path("data/representation_checked.txt")
EMBEDDINGS = Path("data/embeddings")
SCORES = Path("data/scores.csv")
DETECTION = Path("metrics/detection.csv")
DETECTION_METRICS = Path("metrics/detection.json")
DETECTION_BY_EPOCH = Path("metrics/detection_by_epoch.csv")
DETECTION_GLANCE = GLANCE / "representation.json"
REPRESENTATION_PLOTS = PLOTS / "representation"

BY_EPOCH = ["representation", "epoch", "detector", "labels", "oracle"]
BY_EPOCH += ["auroc", "auroc_low", "auroc_high", "equal_error_rate", "closed_set_accuracy"]
_AUROCS = ["auroc", "auroc_low", "auroc_high", "auroc_draws_sd"]


def embedding_path(representation: str, part: str, output: str) -> Path:
    """One output of a network for the images of a part; row i is row i of the part."""
    return EMBEDDINGS / f"{representation}.{part}.{output}.npy"


def origin_path(representation: str) -> Path:
    """Where in z a network's logits, linear in z, are zero: its `origin`, (D,) float64."""
    return EMBEDDINGS / f"{representation}.head.origin.npy"


def samples_path(representation: str) -> Path:
    """Samples that a network has drawn in training, (N, C, H, W) float32 in [0, 1]."""
    return EMBEDDINGS / f"{representation}.samples.npy"


def read_samples() -> dict[str, NDArray[np.float32]]:
    """Network to the samples that are kept of it, of those that drew some.

    Raises:
        InputError: A file is damaged.
    """
    return {
        file.name.split(".")[0]: arrays.read_array(
            file, shape=(None,) * 4, dtype=np.float32, made_by="representation.embed"
        )
        for file in sorted(EMBEDDINGS.glob("*.samples.npy"))
    }


def embedded_outputs(representation: str, part: str) -> list[str]:
    """The outputs of a network that are kept for the images of a part."""
    files = EMBEDDINGS.glob(f"{representation}.{part}.*.npy")
    return sorted(file.name.split(".")[2] for file in files)


def read_outputs(
    representation: str, images: Mapping[str, int]
) -> dict[str, dict[str, NDArray[Any]]]:
    """What is kept of a network: part to output to array, float32, memory-mapped.

    "head" has the `origin` of a network whose logits are linear in z, float64.

    Args:
        representation: Name of the network.
        images: Part to its number of images, which is that of an array's rows.

    Raises:
        InputError: The representation `z` of a part is missing, or a file is damaged or belongs to
            other images.
    """
    for part in images:
        if not (path := embedding_path(representation, part, "z")).exists():
            raise InputError(
                f"{path} does not exist: make it with `python -m stages.representation.embed`"
            )
    found = {
        part: {
            output: arrays.read_array(
                embedding_path(representation, part, output),
                shape=(count,),
                dtype=np.float32,
                made_by="representation.embed",
                further_axes=True,
            )
            for output in embedded_outputs(representation, part)
        }
        for part, count in images.items()
    }
    if (path := origin_path(representation)).exists():
        width = found["test"]["z"].shape[1]
        origin = arrays.read_array(
            path, shape=(width,), dtype=np.float64, made_by="representation.embed"
        )
        found["head"] = {"origin": origin}
    return found


def read_scores() -> pd.DataFrame:
    """`row`, `label`, `novel` of each test image, and its scores in "representation/detector".

    Raises:
        InputError: The file is missing or damaged.
    """
    return formats.read_table(
        SCORES, columns=[], integers=["row", "label", "novel"], made_by="representation.metrics"
    )


def read_detection_by_epoch() -> pd.DataFrame:
    """`epoch` and the table of detectors of the classifiers as they were after it.

    It has no rows where no epochs were kept.

    Raises:
        InputError: The file is missing or damaged.
    """
    return formats.read_table(
        DETECTION_BY_EPOCH,
        columns=BY_EPOCH,
        made_by="representation.trajectory",
    )


def read_detection() -> pd.DataFrame:
    """The table of detectors and representations, as `catalogue.with_training` describes it.

    Raises:
        InputError: The file is missing or damaged.
    """
    keys = ["representation", "objective", "settings", "detector", "labels", "novel_class"]
    return formats.read_table(
        DETECTION,
        columns=[*keys, *_AUROCS],
        integers=["oracle"],
        made_by="representation.metrics",
    )
