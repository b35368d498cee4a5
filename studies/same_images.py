"""The same test images in several experiments, as a page shows them.

An image is the same where the data set and its place in it are.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.files import PER_IMAGE, read_per_image
from novelty_maps.figures.examples import MARKED_MAPS
from novelty_maps.figures.representation import own_score
from novelty_maps.figures.style import KINDS, in_words
from novelty_maps.maps.files import RECONSTRUCTION, map_path
from novelty_maps.page.same_images import (
    Measure,
    ShownRun,
    Size,
    same_images,
    shown_run,
    shown_size,
)
from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_PROVENANCE, SPLIT
from novelty_maps.representation.files import DETECTION, SCORES, read_scores
from studies.experiment_files import KeptFiles, colormap
from studies.experiments import Experiment, read_table


def images_of_agreement(
    found: Sequence[Experiment], said: Sequence[str], remote: str | None = None
) -> dict[str, Any]:
    """Test images with their reconstructions, maps and top K.

    Args:
        found: The experiments.
        said: The settings of each, in words.
        remote: DVC remote of the files, as of `KeptFiles`.

    Raises:
        InputError: They have no image in common, or DVC lacks a file.
    """
    kept = [KeptFiles(experiment, remote=remote) for experiment in found]
    rows, names = _test_rows(kept)
    common = _common(rows)
    size = shown_size(len(common), sheets=1 + 3 * len(found))
    shown = common[size.rows]
    maps = [map_path(name) for name in MARKED_MAPS]
    runs = []
    for experiment, files, settings, own in zip(found, kept, said, rows, strict=True):
        with files.here([PER_IMAGE, map_path(RECONSTRUCTION), *maps]):
            measured = read_per_image()
            marked = {name: _array(map_path(name), 3) for name in MARKED_MAPS}
            reconstructions = _array(map_path(RECONSTRUCTION), 4)
        rank = measured["reconstruction_loss"].rank(ascending=False, method="first")
        drawn = _places(own, shown)
        numbers = measured.assign(rank=rank).iloc[drawn]
        runs.append(
            shown_run(
                experiment.name,
                settings,
                size=size,
                drawn=drawn,
                numbers=numbers[["reconstruction_loss", "rank", "agreement"]],
                maps=marked,
                reconstructions=reconstructions,
                k=int(experiment.settings["metrics.k"]),
                colormap=colormap(found),
            )
        )
    measures = [
        Measure("reconstruction_loss", "score", "where the score differs most"),
        Measure("rank", "rank of the score", "where the rank of the score differs most"),
        Measure("agreement", "agreement", "where the agreement differs most"),
    ]
    labels = {RECONSTRUCTION: "reconstruction"}
    labels |= dict(zip(MARKED_MAPS, ("error", "saliency"), strict=True))
    labels["top"] = "top K: □ error × saliency"
    return _of_test_images(found, kept[0], rows, names, common, size, runs, measures, labels)


def images_of_representation(
    found: Sequence[Experiment], said: Sequence[str], remote: str | None = None
) -> dict[str, Any]:
    """Test images with their rank by each network's own score, as of `images_of_agreement`."""
    kept = [KeptFiles(experiment, remote=remote) for experiment in found]
    rows, names = _test_rows(kept)
    common = _common(rows)
    tables = [read_table(experiment, DETECTION) for experiment in found]
    columns = [
        {
            f"{name}/{score}": f"{in_words(name)}: {in_words(score)}"
            for name in table["representation"].unique()
            if (score := own_score(table, name))
        }
        for table in tables
    ]
    shared = {key: words for key, words in columns[0].items() if all(key in c for c in columns)}
    if not shared:
        raise InputError("the runs share no network with a score of its own")
    size = shown_size(len(common), sheets=1)
    shown = common[size.rows]
    runs = []
    for experiment, files, settings, own in zip(found, kept, said, rows, strict=True):
        with files.here([SCORES]):
            scores = read_scores()
        ranks = scores[list(shared)].rank(ascending=False, method="first")
        numbers = ranks.iloc[_places(own, shown)]
        runs.append(shown_run(experiment.name, settings, size=size, drawn=shown, numbers=numbers))
    measures = [
        Measure(key, f"{words}, rank", f"where {words} differs most in rank")
        for key, words in shared.items()
    ]
    return _of_test_images(found, kept[0], rows, names, common, size, runs, measures, {})


def _of_test_images(
    found: Sequence[Experiment],
    files: KeptFiles,
    rows: Sequence[pd.DataFrame],
    names: Sequence[str],
    common: NDArray[np.int64],
    size: Size,
    runs: Sequence[ShownRun],
    measures: Sequence[Measure],
    pictures: Mapping[str, str],
) -> dict[str, Any]:
    """Test images by their places in the data set, with the first run's files."""
    shown = common[size.rows]
    own = rows[0].iloc[_places(rows[0], shown)]
    novel = np.stack([table["novel"].to_numpy()[_places(table, shown)] for table in rows])
    varies = np.where(novel.min(axis=0) < novel.max(axis=0), ", novel in some runs", "")
    labels = [f"class {names[label]}" for label in own["label"]]
    words = pd.DataFrame(
        {
            "row": shown,
            "name": [label + more for label, more in zip(labels, varies, strict=True)],
            "kind": [KINDS[is_novel][0] for is_novel in own["novel"]],
        }
    )
    with files.here([RAW_IMAGES]):
        images = arrays.read_array(RAW_IMAGES, shape=(None,) * 4, dtype=np.uint8, made_by="fetch")
    return same_images(
        words,
        images,
        runs,
        measures,
        drawn=shown,
        total=len(common),
        pictures=pictures,
        size=size,
        colormap=colormap(found),
    )


def _test_rows(kept: Sequence[KeptFiles]) -> tuple[list[pd.DataFrame], list[str]]:
    """Rows of each run's test part, and the names of the classes.

    Raises:
        InputError: The runs have different data sets.
    """
    rows, sets = [], []
    for files in kept:
        with files.here([SPLIT, RAW_PROVENANCE]):
            table = formats.read_table(
                SPLIT, columns=["part"], integers=["source_row", "label", "novel"], made_by="split"
            )
            sets.append(
                formats.read_json(RAW_PROVENANCE, keys=["classes", "files"], made_by="fetch")
            )
        rows.append(table[table["part"] == "test"].reset_index(drop=True))
    if any(each["files"] != sets[0]["files"] for each in sets):
        raise InputError("the runs are of different data sets")
    return rows, sets[0]["classes"]


def _common(rows: Sequence[pd.DataFrame]) -> NDArray[np.int64]:
    """Places in the data set of the images that every test part has, ascending."""
    common = reduce(np.intersect1d, [table["source_row"].to_numpy(np.int64) for table in rows])
    if not len(common):
        raise InputError("no test image is the same in all runs")
    return common


def _places(rows: pd.DataFrame, shown: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of a test part that have these places in the data set."""
    own = rows["source_row"].to_numpy()
    order = np.argsort(own)
    places: NDArray[np.int64] = order[np.searchsorted(own, shown, sorter=order)]
    return places


def _array(path: Path, axes: int) -> NDArray[np.float32]:
    maps: NDArray[np.float32] = arrays.read_array(
        path, shape=(None,) * axes, dtype=np.float32, made_by="maps"
    )
    return maps
