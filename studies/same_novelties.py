"""The same images with a novelty in several experiments, as a page shows them.

A novelty is the same where image and mask are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.figures.shown import over_all, shown_methods
from novelty_maps.figures.style import in_words
from novelty_maps.localization.files import (
    LOCALIZATION,
    LOCALIZED_IMAGES,
    load_planted_map,
    planted_map_path,
    read_localized_images,
)
from novelty_maps.maps.names import short_name
from novelty_maps.page.same_images import (
    Measure,
    ShownRun,
    Size,
    same_images,
    shown_run,
    shown_size,
)
from novelty_maps.pipeline.errors import InputError
from novelty_maps.planting.planted import Planted, load_planted, planted_path
from studies.experiment_files import colormap, files_of
from studies.experiments import Experiment, read_table


def images_of_localization(found: Sequence[Experiment], said: Sequence[str]) -> dict[str, Any]:
    """Images with a novelty of known place, with their maps.

    Args:
        found: The experiments.
        said: The settings of each, in words.

    Raises:
        InputError: They have no novelty in common, or DVC lacks a file.
    """
    tables = [read_table(experiment, LOCALIZATION) for experiment in found]
    kept = set.intersection(*(set(over_all(table)["method"]) for table in tables))
    methods = [method for method in shown_methods(tables[0]) if method in kept]
    first, *others = [_planted(experiment) for experiment in found]
    same = np.ones(len(first.mask), np.bool_)
    for other in others:
        same &= _equal_rows(first.after, other.after) & _equal_rows(first.mask, other.mask)
    if not same.any():
        raise InputError("no novelty is the same in all runs")
    places = np.flatnonzero(same)
    size = shown_size(len(places), sheets=2 + len(methods) * len(found))
    drawn = places[size.rows]
    labels = {method: short_name(method) for method in methods}
    kinds = first.table["kind"].iloc[drawn].map(in_words)
    return same_images(
        pd.DataFrame({"row": drawn, "name": kinds.to_numpy(), "kind": "novel"}),
        first.after,
        [
            _localized(experiment, settings, methods, first, drawn, size)
            for experiment, settings in zip(found, said, strict=True)
        ],
        [
            Measure(method, f"AP {words}", f"where {words} differs most")
            for method, words in labels.items()
        ],
        size=size,
        drawn=drawn,
        total=len(places),
        pictures=labels,
        masks=first.mask,
        colormap=colormap(found),
    )


def _planted(experiment: Experiment) -> Planted:
    files = [planted_path("test", f"{name}.npy") for name in ("before", "after", "mask")]
    with files_of(experiment, [*files, planted_path("test", "csv")]):
        return load_planted("test")


def _localized(
    experiment: Experiment,
    settings: str,
    methods: Sequence[str],
    planted: Planted,
    drawn: NDArray[np.int64],
    size: Size,
) -> ShownRun:
    """What one run's maps make of planted images."""
    files = [planted_map_path("test", "after", method) for method in methods]
    with files_of(experiment, [LOCALIZED_IMAGES, *files]):
        precision = read_localized_images().pivot_table(
            index="row", columns="method", values="average_precision"
        )
        return shown_run(
            experiment.name,
            settings,
            size=size,
            drawn=drawn,
            numbers=precision.reindex(index=drawn, columns=list(methods)),
            maps={m: load_planted_map("test", "after", m, planted) for m in methods},
        )


def _equal_rows(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows of the first array the other one has in the same place."""
    equal = np.zeros(len(one), np.bool_)
    if one.shape[1:] == other.shape[1:]:
        pairs = zip(one, other, strict=False)
        equal[: len(other)] = [np.array_equal(a, b) for a, b in pairs]
    return equal
