"""The same images in several experiments, as a page shows them; DVC has the files.

An image is the same where data set and place in it are, a novelty where image and mask are.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.files import PER_IMAGE, read_per_image
from novelty_maps.figures.examples import MARKED_MAPS
from novelty_maps.figures.representation import own_score
from novelty_maps.figures.shown import over_all, shown_methods
from novelty_maps.figures.style import KINDS, in_words
from novelty_maps.localization.files import (
    LOCALIZATION,
    LOCALIZED_IMAGES,
    load_planted_map,
    planted_map_path,
    read_localized_images,
)
from novelty_maps.maps.files import RECONSTRUCTION, map_path
from novelty_maps.maps.names import short_name
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
from novelty_maps.planting.planted import Planted, load_planted, planted_path
from novelty_maps.representation.files import DETECTION, SCORES, read_scores
from studies.definition import Question
from studies.experiments import Experiment, place_in_git, read_table

Said = Sequence[str]  # the settings of each experiment, in words


@contextmanager
def files_of(experiment: Experiment, paths: Iterable[Path]) -> Iterator[None]:
    """A folder of its own, as working directory, with files of an experiment from DVC's cache.

    It goes at the end; arrays that are memory-mapped from it stay readable.

    Args:
        experiment: The experiment.
        paths: Files that DVC keeps, below the project's folder.

    Raises:
        InputError: One is neither in the cache nor in the DVC remote.
    """
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException

    up, down = place_in_git()
    kept = DVCFileSystem(url=up, rev=experiment.commit, subrepos=True)
    with tempfile.TemporaryDirectory(prefix="novelty-maps-") as folder:
        for path in paths:
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                kept.get_file(f"{down}{path}", str(target))
            except (OSError, DvcException):
                raise InputError(
                    f"DVC has no {path} of {experiment.name} here: `dvc pull`, or run it again"
                ) from None
        with chdir(folder):
            yield


def images_of_agreement(found: Sequence[Experiment], said: Said) -> dict[str, Any]:
    """Test images with their reconstructions, maps and top K."""
    rows, names = _test_rows(found)
    common = _common(rows)
    size = shown_size(len(common), sheets=1 + 3 * len(found))
    shown = common[size.rows]
    maps = [map_path(name) for name in MARKED_MAPS]
    runs = []
    for experiment, settings, own in zip(found, said, rows, strict=True):
        with files_of(experiment, [PER_IMAGE, map_path(RECONSTRUCTION), *maps]):
            measured = read_per_image()
            kept = {name: _array(map_path(name), 3) for name in MARKED_MAPS}
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
                maps=kept,
                reconstructions=reconstructions,
                k=int(experiment.settings["metrics.k"]),
                colormap=_colormap(found),
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
    return _of_test_images(found, rows, names, shown, runs, measures, labels, len(common))


def images_of_representation(found: Sequence[Experiment], said: Said) -> dict[str, Any]:
    """Test images with their rank by each network's own score."""
    rows, names = _test_rows(found)
    common = _common(rows)
    shown = common[shown_size(len(common), sheets=1).rows]
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
    runs = []
    for experiment, settings, own in zip(found, said, rows, strict=True):
        with files_of(experiment, [SCORES]):
            scores = read_scores()
        ranks = scores[list(shared)].rank(ascending=False, method="first")
        numbers = ranks.iloc[_places(own, shown)]
        runs.append(shown_run(experiment.name, settings, size=size, drawn=shown, numbers=numbers))
    measures = [
        Measure(key, f"{words}, rank", f"where {words} differs most in rank")
        for key, words in shared.items()
    ]
    return _of_test_images(found, rows, names, shown, runs, measures, {}, len(common))


def images_of_localization(found: Sequence[Experiment], said: Said) -> dict[str, Any]:
    """Images with a novelty of known place, with their maps."""
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
        colormap=_colormap(found),
    )


IMAGES_OF: dict[Question, Callable[[Sequence[Experiment], Said], dict[str, Any]]] = {
    "agreement": images_of_agreement,
    "localization": images_of_localization,
    "representation": images_of_representation,
}


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


def _of_test_images(
    found: Sequence[Experiment],
    rows: Sequence[pd.DataFrame],
    names: Sequence[str],
    shown: NDArray[np.int64],
    runs: Sequence[ShownRun],
    measures: Sequence[Measure],
    pictures: Mapping[str, str],
    total: int,
) -> dict[str, Any]:
    """Test images by their places in the data set, as the first run has them."""
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
    with files_of(found[0], [RAW_IMAGES]):
        images = arrays.read_array(RAW_IMAGES, shape=(None,) * 4, dtype=np.uint8, made_by="fetch")
    return same_images(
        words,
        images,
        runs,
        measures,
        drawn=shown,
        total=total,
        pictures=pictures,
        size=shown_size(total, sheets=1 + sum(len(run.sheets) for run in runs)),
        colormap=_colormap(found),
    )


def _test_rows(found: Sequence[Experiment]) -> tuple[list[pd.DataFrame], list[str]]:
    """Rows of each run's test part, and the names of the classes.

    Raises:
        InputError: The runs have different data sets.
    """
    rows, sets = [], []
    for experiment in found:
        with files_of(experiment, [SPLIT, RAW_PROVENANCE]):
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


def _equal_rows(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows of the first array the other one has in the same place."""
    equal = np.zeros(len(one), np.bool_)
    if one.shape[1:] == other.shape[1:]:
        pairs = zip(one, other, strict=False)
        equal[: len(other)] = [np.array_equal(a, b) for a, b in pairs]
    return equal


def _array(path: Path, axes: int) -> NDArray[np.float32]:
    maps: NDArray[np.float32] = arrays.read_array(
        path, shape=(None,) * axes, dtype=np.float32, made_by="maps"
    )
    return maps


def _colormap(found: Sequence[Experiment]) -> str:
    return str(found[0].settings.get("plots.colormap", "gray"))
