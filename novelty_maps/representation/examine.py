"""How much each representation knows about novelty, and how much its own scores extract.

One row of the table is one detector on one representation, scored on the test images. Whatever saw
the label of a novel image, be it in training or in an oracle's labels, is marked `oracle`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.representation.detected import (
    Detected,
    fully_labelled,
    is_novel,
    oracles_detected,
    own_detected,
)
from novelty_maps.representation.measures import (
    average_precision,
    equal_error_rate,
    false_positive_rate,
    oscr,
)
from novelty_maps.representation.representations import Representation
from novelty_maps.statistics.auroc import auroc_and_variance, delong_auroc
from novelty_maps.statistics.groups import groups_of
from novelty_maps.statistics.intervals import with_ends
from novelty_maps.statistics.over_runs import interval_over_runs


class Examined(NamedTuple):
    """What became of one representation.

    Attributes:
        table: A row per detector, as `examine` describes it.
        scores: "detector" to the scores (M,) of the test images, of detectors that were given all
            labels or none.
        neighbours: The k of its nearest neighbours, None where it has no such score.
    """

    table: pd.DataFrame
    scores: dict[str, NDArray[np.float64]]
    neighbours: int | None = None


def examine(
    representation: Representation,
    validation: pd.DataFrame,
    test: pd.DataFrame,
    *,
    trees: int,
    labelled_anomalies: list[int],
    draws: int,
    held_out_classes: bool,
) -> Examined:
    """All detectors on one representation.

    Args:
        representation: What is examined.
        validation: `label` and `novel` of the validation images, the oracles' labels.
        test: `label` and `novel` of the test images, and `group` where images share one.
        trees: Trees of the forest oracle.
        labelled_anomalies: Numbers of labelled anomalies of further oracles.
        draws: How often each of them is drawn.
        held_out_classes: Whether each novel class in turn is left out of a forest's labels.

    Returns:
        The table has a row per detector: `representation`, `detector`, `labels` that it was given
        ("none", "all", "other classes" or the number of labelled anomalies), `novel_class` whose
        test images it is measured on beside the normal ones ("all" or a class, which "other
        classes" leaves out of the labels), `oracle` (0 or 1), what `measures` returns, accuracies
        and `disagreement`, and `validation_auroc`, for choices between detectors without labels.
    """
    test_classes = np.unique(test["label"].to_numpy()[is_novel(test)]).tolist()
    detected = [
        *own_detected(representation),
        *oracles_detected(
            representation,
            validation,
            test_classes,
            trees=trees,
            labelled_anomalies=labelled_anomalies,
            draws=draws,
            held_out_classes=held_out_classes,
        ),
    ]
    rows = [_row(representation, one, validation, test) for one in detected]
    kept = {
        one.detector: one.scores[0]
        for one in detected
        if one.novel_class is None and one.labels in ("none", "all")
    }
    return Examined(pd.DataFrame(rows), kept, representation.neighbours)


def examine_at_once(
    representation: Representation, validation: pd.DataFrame, test: pd.DataFrame, *, trees: int
) -> pd.DataFrame:
    """The rows of `examine` of detectors that were given no labels or all, on all novel classes."""
    detected = [
        *own_detected(representation),
        *fully_labelled(representation, validation, trees=trees),
    ]
    return pd.DataFrame([_row(representation, one, validation, test) for one in detected])


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


def _row(
    representation: Representation,
    detected: Detected,
    validation: pd.DataFrame,
    test: pd.DataFrame,
) -> dict[str, Any]:
    """A row of the table of `examine`."""
    detector, labels, only, scores = detected
    novel, correct = is_novel(test), representation.correct
    kept = ~novel | (only is None) | (test["label"].to_numpy() == only)
    groups = groups_of(test[kept])
    on_validation = accuracy = np.nan
    if labels == "none":
        on_validation = delong_auroc(
            is_novel(validation), representation.scores["validation"][detector]
        ).estimate
    if correct is not None:
        accuracy = correct[~novel].mean()
        correct = correct[kept]
    return {
        "representation": representation.name,
        "detector": detector,
        "labels": labels,
        "novel_class": "all" if only is None else str(only),
        "oracle": int(representation.is_oracle or labels != "none"),
        **measures(novel[kept], scores[:, kept], correct, groups),
        "closed_set_accuracy": accuracy,
        "task_accuracy": representation.task_accuracy,
        "disagreement": representation.disagreement,
        "validation_auroc": on_validation,
    }


def measures(
    novel: NDArray[np.bool_],
    scores: NDArray[np.float64],
    correct: NDArray[np.bool_] | None,
    groups: NDArray[np.int64] | None = None,
) -> dict[str, float]:
    """What the test images say of a detector, as the mean over its draws of labelled anomalies.

    Args:
        novel: (M,).
        scores: (D, M), a row a draw.
        correct: (M,) whether each image's class is predicted, or None without a classifier.
        groups: (M,) the group of each image, where images share one.

    Returns:
        `auroc` with its interval `_low` and `_high`, `auroc_draws_sd` and `draws`,
        `average_precision`, `equal_error_rate`, `fpr_at_95_tpr` and `oscr`. The interval is
        DeLong's; of several draws it is that of their mean, for new draws and new test images
        alike, the variance of the test images being the mean of DeLong's over the draws.
    """
    estimates, variances = np.array([auroc_and_variance(novel, s, groups) for s in scores]).T
    mean = interval_over_runs(estimates, variances.mean())
    further = [_further(novel, score, correct) for score in scores]
    return {
        "auroc": mean.estimate,
        "auroc_low": float(np.clip(mean.low, 0, 1)),
        "auroc_high": float(np.clip(mean.high, 0, 1)),
        "auroc_draws_sd": mean.sd,
        "draws": len(scores),
        **{name: float(np.mean([one[name] for one in further])) for name in further[0]},
    }


def _further(
    novel: NDArray[np.bool_], score: NDArray[np.float64], correct: NDArray[np.bool_] | None
) -> dict[str, float]:
    """The measures of one score that have no interval."""
    return {
        "average_precision": average_precision(novel, score),
        "equal_error_rate": equal_error_rate(novel, score),
        "fpr_at_95_tpr": false_positive_rate(novel, score),
        "oscr": float("nan") if correct is None else oscr(novel, score, correct),
    }


def headline(examined: Mapping[str, Examined]) -> dict[str, Any]:
    """The numbers to compare between experiments.

    Args:
        examined: Representation to what became of it.

    Returns:
        Representation to detector to its AUROC with interval, measured on all novel classes with
        all labels or none, and the k of nearest neighbours as `neighbours`; under
        `forest_on_an_unseen_class` the mean over novel classes of the AUROC of a forest that never
        saw the class, under `forest_on_a_seen_class` of one that did; and for classifiers
        `closed_set_accuracy`, over the normal test images.
    """
    result: dict[str, Any] = {}
    for name, (rows, _, neighbours) in examined.items():
        each_class = rows[rows["novel_class"] != "all"].groupby("labels")["auroc"].mean()
        whole = rows[(rows["novel_class"] == "all") & rows["labels"].isin(["none", "all"])]
        entry: dict[str, Any] = {
            detector: {"auroc": with_ends(auroc, np.array(ends))}
            for detector, auroc, *ends in whole[
                ["detector", "auroc", "auroc_low", "auroc_high"]
            ].itertuples(index=False)
        }
        if neighbours is not None:
            entry["nearest_neighbours"]["neighbours"] = neighbours
        entry["forest_on_a_seen_class"] = {"auroc": float(each_class["all"])}
        unseen = float(each_class.get("other classes", np.nan))  # none is held out
        entry["forest_on_an_unseen_class"] = {"auroc": unseen}
        if rows["closed_set_accuracy"].notna().any():
            entry["closed_set_accuracy"] = float(rows["closed_set_accuracy"].iloc[0])
        result[name] = entry
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
