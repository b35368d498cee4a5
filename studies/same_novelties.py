"""The same images with a novelty in several experiments, as a page shows them.

A novelty is the same where image and mask are, in whatever row.
"""

import hashlib
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
from studies.experiment_files import KeptFiles, colormap
from studies.experiments import Experiment, read_table


def images_of_localization(
    found: Sequence[Experiment], said: Sequence[str], remote: str | None = None
) -> dict[str, Any]:
    """Images with a novelty of known place, with their maps.

    Args:
        found: The experiments.
        said: The settings of each, in words.
        remote: DVC remote of the files, as of `KeptFiles`.

    Raises:
        InputError: They have no novelty in common, or DVC lacks a file.
    """
    tables = [read_table(experiment, LOCALIZATION) for experiment in found]
    shared = set.intersection(*(set(over_all(table)["method"]) for table in tables))
    methods = [method for method in shown_methods(tables[0]) if method in shared]
    kept = [KeptFiles(experiment, remote=remote) for experiment in found]
    planted = [_planted(files) for files in kept]
    rows = _common_rows(planted)
    size = shown_size(len(rows), sheets=2 + len(methods) * len(found))
    drawn = rows[size.rows]
    first, own = planted[0], drawn[:, 0]
    labels = {method: short_name(method) for method in methods}
    kinds = first.table["kind"].iloc[own].map(in_words)
    return same_images(
        pd.DataFrame({"row": own, "name": kinds.to_numpy(), "kind": "novel"}),
        first.after,
        [
            _localized(files, (each.name, settings), methods, images, places, size)
            for each, files, settings, images, places in zip(
                found, kept, said, planted, drawn.T, strict=True
            )
        ],
        [
            Measure(method, f"AP {words}", f"where {words} differs most")
            for method, words in labels.items()
        ],
        size=size,
        drawn=own,
        total=len(rows),
        pictures=labels,
        masks=first.mask,
        colormap=colormap(found),
    )


def _planted(kept: KeptFiles) -> Planted:
    files = [planted_path("test", f"{name}.npy") for name in ("before", "after", "mask")]
    with kept.here([*files, planted_path("test", "csv")]):
        return load_planted("test")


def _localized(
    kept: KeptFiles,
    run: tuple[str, str],
    methods: Sequence[str],
    planted: Planted,
    drawn: NDArray[np.int64],
    size: Size,
) -> ShownRun:
    """What the maps of a run, with its name and its settings, make of its planted images."""
    files = [planted_map_path("test", "after", method) for method in methods]
    with kept.here([LOCALIZED_IMAGES, *files]):
        precision = read_localized_images().pivot_table(
            index="row", columns="method", values="average_precision"
        )
        return shown_run(
            *run,
            size=size,
            drawn=drawn,
            numbers=precision.reindex(index=drawn, columns=list(methods)),
            maps={m: load_planted_map("test", "after", m, planted) for m in methods},
        )


def _common_rows(planted: Sequence[Planted]) -> NDArray[np.int64]:
    """Rows of the novelties that all runs have, (N, runs), ascending in the first run.

    Raises:
        InputError: There is none.
    """
    places: list[dict[bytes, int]] = []
    for each in planted:
        shape = str(each.after.shape[1:]).encode()
        digests = [
            hashlib.sha256(shape + image.tobytes() + mask.tobytes()).digest()
            for image, mask in zip(each.after, each.mask, strict=True)
        ]
        places.append({})
        for row, digest in enumerate(digests):
            places[-1].setdefault(digest, row)
    common = [digest for digest in places[0] if all(digest in each for each in places)]
    if not common:
        raise InputError("no novelty is the same in all runs")
    return np.array([[each[digest] for each in places] for digest in common], np.int64)
