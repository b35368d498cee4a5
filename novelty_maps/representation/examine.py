"""How much each representation knows about novelty, and how much its own scores extract.

One row of the table is one detector on one representation, scored on the test images. Whatever saw
the label of a novel image, be it in training or in an oracle's labels, is marked `oracle`.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.representation import oracles
from novelty_maps.representation.measures import average_precision, false_positive_rate, oscr
from novelty_maps.representation.representations import Representation
from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.groups import groups_of
from novelty_maps.statistics.intervals import with_ends

Oracle = Callable[..., NDArray[np.float64]]
_SEED = 0  # of the oracles and of the draw of labelled anomalies


class Examined(NamedTuple):
    """What became of one representation.

    Attributes:
        table: A row per detector, as `examine` describes it.
        scores: "detector" to the scores (M,) of the test images, of detectors that were given all
            labels or none.
    """

    table: pd.DataFrame
    scores: dict[str, NDArray[np.float64]]


class _Detected(NamedTuple):
    """What a detector says of the test images.

    Attributes:
        detector: Its name.
        labels: Those that it was given.
        novel_class: The one novel class that it is measured on, None for all.
        score: (M,).
    """

    detector: str
    labels: str
    novel_class: int | None
    score: NDArray[np.float64]


def examine(
    representation: Representation,
    validation: pd.DataFrame,
    test: pd.DataFrame,
    *,
    trees: int,
    control_trees: int,
    labelled_anomalies: list[int],
) -> Examined:
    """All detectors on one representation.

    Args:
        representation: What is examined.
        validation: `label` and `novel` of the validation images, the oracles' labels.
        test: `label` and `novel` of the test images, and `group` where images share one.
        trees: Trees of the forest oracle.
        control_trees: Trees of the forests that do not see the class that they are tested on, and
            of the one that they are compared with class by class.
        labelled_anomalies: Numbers of labelled anomalies of further oracles, one draw each.

    Returns:
        The table has a row per detector: `representation`, `detector`, `labels` that it was given
        ("none", "all", "other classes" or the number of labelled anomalies), `novel_class` whose
        test images it is measured on beside the normal ones ("all" or a class, which "other
        classes" leaves out of the labels), `oracle` (0 or 1), `auroc` with DeLong's `_low` and
        `_high`, `average_precision`, `fpr_at_95_tpr`, `oscr`, `closed_set_accuracy`, and
        `validation_auroc`, for choices between detectors without labels.
    """
    test_classes = np.unique(test["label"].to_numpy()[_novel(test)]).tolist()
    own = representation.scores["test"].items()
    detected = [_Detected(name, "none", None, score) for name, score in own]
    detected += _oracle_scores(
        representation,
        validation,
        test_classes,
        trees=trees,
        control_trees=control_trees,
        labelled_anomalies=labelled_anomalies,
    )
    rows = [_row(representation, one, validation, test) for one in detected]
    kept = {
        one.detector: one.score
        for one in detected
        if one.novel_class is None and one.labels in ("none", "all")
    }
    return Examined(pd.DataFrame(rows), kept)


def score_table(test: pd.DataFrame, examined: Mapping[str, Examined]) -> pd.DataFrame:
    """`row`, `label`, `novel` of each test image and its scores in "representation/detector".

    Args:
        test: Rows of the test images.
        examined: Representation to what became of it.
    """
    columns = {
        f"{name}/{detector}": score
        for name, one in examined.items()
        for detector, score in one.scores.items()
    }
    return test[["row", "label", "novel"]].assign(**columns)


def _novel(rows: pd.DataFrame) -> NDArray[np.bool_]:
    novel: NDArray[np.bool_] = rows["novel"].to_numpy() == 1
    return novel


def _row(
    representation: Representation,
    detected: _Detected,
    validation: pd.DataFrame,
    test: pd.DataFrame,
) -> dict[str, Any]:
    """A row of the table of `examine`."""
    detector, labels, only, score = detected
    novel, correct = _novel(test), representation.correct
    kept = ~novel | (only is None) | (test["label"].to_numpy() == only)
    groups = groups_of(test[kept])
    on_validation = accuracy = np.nan
    if labels == "none":
        on_validation = delong_auroc(
            _novel(validation), representation.scores["validation"][detector]
        ).estimate
    if correct is not None:
        accuracy = correct[~novel].mean()
    return {
        "representation": representation.name,
        "detector": detector,
        "labels": labels,
        "novel_class": "all" if only is None else str(only),
        "oracle": int(representation.is_oracle or labels != "none"),
        **measures(novel[kept], score[kept], None if correct is None else correct[kept], groups),
        "closed_set_accuracy": accuracy,
        "validation_auroc": on_validation,
    }


def _oracle_scores(
    representation: Representation,
    validation: pd.DataFrame,
    test_classes: list[int],
    *,
    trees: int,
    control_trees: int,
    labelled_anomalies: list[int],
) -> Iterator[_Detected]:
    """Every oracle on a representation; arguments as of `examine`."""
    features, novel = representation.features["validation"], _novel(validation)
    labels = validation["label"].to_numpy(np.int64)

    def score(
        oracle: Oracle, rows: NDArray[Any], trees: int = control_trees
    ) -> NDArray[np.float64]:
        test = representation.features["test"]
        return oracle(features[rows], novel[rows], test, trees=trees, seed=_SEED)

    everything = np.ones(len(novel), bool)
    for name, oracle in oracles.ORACLES.items():
        yield _Detected(name, "all", None, score(oracle, everything, trees))
    for count in labelled_anomalies:
        rows = oracles.labelled_subset(
            novel, anomalies=count, generator=np.random.default_rng([_SEED, count])
        )
        # As many trees as with all labels: few of them see one of a handful of anomalies.
        for name, oracle in oracles.ORACLES.items():
            yield _Detected(name, str(count), None, score(oracle, rows, trees))
    seen = score(oracles.forest_oracle, everything)
    for label in test_classes:
        yield _Detected("forest", "all", label, seen)
    unseen = oracles.held_out_scores(partial(score, oracles.forest_oracle), labels, novel)
    for label, scores_of in unseen.items():
        yield _Detected("forest", "other classes", label, scores_of)


def measures(
    novel: NDArray[np.bool_],
    score: NDArray[np.float64],
    correct: NDArray[np.bool_] | None,
    groups: NDArray[np.int64] | None = None,
) -> dict[str, float]:
    """AUROC with its interval, average precision, FPR at 95% TPR and OSCR of a score."""
    auroc = delong_auroc(novel, score, groups)
    return dict(zip(("auroc", "auroc_low", "auroc_high"), auroc, strict=True)) | {
        "average_precision": average_precision(novel, score),
        "fpr_at_95_tpr": false_positive_rate(novel, score),
        "oscr": float("nan") if correct is None else oscr(novel, score, correct),
    }


def headline(table: pd.DataFrame) -> dict[str, Any]:
    """The numbers to compare between experiments.

    Args:
        table: The tables of `examine`, one below the other.

    Returns:
        Representation to detector to its AUROC with interval, measured on all novel classes with
        all labels or none; under `forest_on_an_unseen_class` the mean over novel classes of the
        AUROC of a forest that never saw the class, under `forest_on_a_seen_class` of one that did;
        and for classifiers `closed_set_accuracy`, over the normal test images.
    """
    result: dict[str, Any] = {}
    for name, rows in table.groupby("representation", sort=False):
        each_class = rows[rows["novel_class"] != "all"].groupby("labels")["auroc"].mean()
        whole = rows[(rows["novel_class"] == "all") & rows["labels"].isin(["none", "all"])]
        entry: dict[str, Any] = {
            detector: {"auroc": with_ends(auroc, np.array(ends))}
            for detector, auroc, *ends in whole[
                ["detector", "auroc", "auroc_low", "auroc_high"]
            ].itertuples(index=False)
        }
        entry["forest_on_a_seen_class"] = {"auroc": float(each_class["all"])}
        unseen = float(each_class.get("other classes", np.nan))  # none with one novel class
        entry["forest_on_an_unseen_class"] = {"auroc": unseen}
        if rows["closed_set_accuracy"].notna().any():
            entry["closed_set_accuracy"] = float(rows["closed_set_accuracy"].iloc[0])
        result[str(name)] = entry
    return result


def at_a_glance(table: pd.DataFrame) -> dict[str, float]:
    """The few numbers that DVC shows, of the first network in the table that has a score.

    Args:
        table: The tables of `examine`, one below the other.

    Returns:
        `score_auroc` of its first score, and `forest_auroc` of the forest that was told of novel
        images, on all novel classes.
    """
    first = table[table["labels"] == "none"].iloc[0]
    own = table[(table["representation"] == first["representation"]) & (table["labels"] == "all")]
    forest = own[(own["detector"] == "forest") & (own["novel_class"] == "all")].iloc[0]
    return {"score_auroc": float(first["auroc"]), "forest_auroc": float(forest["auroc"])}
