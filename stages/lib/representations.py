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

from stages.lib import detection, oracles, statistics
from stages.lib.scores import LOGIT_SCORES

Oracle = Callable[..., NDArray[np.float64]]


class Representation(NamedTuple):
    """A representation of the labelled validation images and of the test images.

    Attributes:
        name: Its name.
        validation: (N, D).
        test: (M, D).
        scores: Name to novelty score (M,) of the test images, made without any label of novelty.
        correct: (M,) whether the class is predicted, or None without a classifier.
        is_oracle: Whether the network itself was trained on novel classes.
    """

    name: str
    validation: NDArray[Any]
    test: NDArray[Any]
    scores: Mapping[str, NDArray[np.float64]]
    correct: NDArray[np.bool_] | None
    is_oracle: bool


def classifier_scores(logits: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
    """Every score of `scores.py` for the logits (M, K)."""
    return {name: score(logits) for name, score in LOGIT_SCORES.items()}


def predicted_correctly(logits: NDArray[np.floating], rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the highest logit is that of the image's class; False for novel images.

    Args:
        logits: (M, K), columns in ascending order of the K normal classes.
        rows: `label` and `novel` of the images.
    """
    normal_classes = np.unique(rows.loc[rows["novel"] == 0, "label"])
    correct: NDArray[np.bool_] = normal_classes[logits.argmax(axis=1)] == rows["label"].to_numpy()
    return correct


def detection_table(
    representation: Representation,
    validation: pd.DataFrame,
    test: pd.DataFrame,
    *,
    trees: int,
    labelled_anomalies: list[int],
    seed: int,
) -> pd.DataFrame:
    """All detectors on one representation.

    Args:
        representation: What is examined.
        validation: `label` and `novel` of the validation images, the oracles' labels.
        test: `label` and `novel` of the test images.
        trees: Trees of the forest oracle.
        labelled_anomalies: Numbers of labelled anomalies of further forest oracles.
        seed: Seed of oracles and of the draw of labelled anomalies.

    Returns:
        A row per detector: `representation`, `detector`, `labels` that it was given ("none",
        "all", "other classes" or the number of labelled anomalies), `novel_class` whose test
        images it is measured on beside the normal ones ("all" or a class, which "other classes"
        leaves out of the labels), `oracle` (0 or 1), `auroc` with DeLong's `_low` and `_high`,
        `average_precision`, `fpr_at_95_tpr`, `oscr`.
    """
    novel = test["novel"].to_numpy() == 1
    label = test["label"].to_numpy()
    rows = []

    def add(detector: str, labels: str, score: NDArray[np.float64], only: int | None) -> None:
        kept = ~novel | (only is None) | (label == only)
        correct = None if representation.correct is None else representation.correct[kept]
        rows.append(
            {
                "representation": representation.name,
                "detector": detector,
                "labels": labels,
                "novel_class": "all" if only is None else str(only),
                "oracle": int(representation.is_oracle or labels != "none"),
                **measures(novel[kept], score[kept], correct),
            }
        )

    for name, score in representation.scores.items():
        add(name, "none", score, None)
    fitted = _oracle_scores(
        representation,
        validation,
        trees=trees,
        labelled_anomalies=labelled_anomalies,
        seed=seed,
    )
    for detector, labels, only, score in fitted:
        add(detector, labels, score, only)
        if detector == "forest" and labels == "all":
            for novel_class in np.unique(label[novel]).tolist():
                add(detector, labels, score, novel_class)
    return pd.DataFrame(rows)


def _oracle_scores(
    representation: Representation,
    validation: pd.DataFrame,
    *,
    trees: int,
    labelled_anomalies: list[int],
    seed: int,
) -> Iterator[tuple[str, str, int | None, NDArray[np.float64]]]:
    """Detector, its labels, the one novel class it is tested on or None, and its scores."""
    features, novel = representation.validation, validation["novel"].to_numpy() == 1
    labels = validation["label"].to_numpy(np.int64)

    def score(oracle: Oracle, rows: NDArray[Any]) -> NDArray[np.float64]:
        return oracle(features[rows], novel[rows], representation.test, trees=trees, seed=seed)

    for name, oracle in oracles.ORACLES.items():
        yield name, "all", None, score(oracle, np.ones(len(novel), bool))
    for count in labelled_anomalies:
        rows = oracles.labelled_subset(
            novel, anomalies=count, generator=np.random.default_rng([seed, count])
        )
        yield "forest", str(count), None, score(oracles.forest_oracle, rows)
    unseen = oracles.held_out_scores(partial(score, oracles.forest_oracle), labels, novel)
    for label, scores in unseen.items():
        yield "forest", "other classes", label, scores


def measures(
    novel: NDArray[np.bool_], score: NDArray[np.float64], correct: NDArray[np.bool_] | None
) -> dict[str, float]:
    """AUROC with its interval, average precision, FPR at 95% TPR and OSCR of a score."""
    auroc = statistics.delong_auroc(novel, score)
    return {
        "auroc": auroc.estimate,
        "auroc_low": auroc.low,
        "auroc_high": auroc.high,
        "average_precision": detection.average_precision(novel, score),
        "fpr_at_95_tpr": detection.false_positive_rate(novel, score),
        "oscr": float("nan") if correct is None else detection.oscr(novel, score, correct),
    }


def headline(
    table: pd.DataFrame, representations: list[Representation], novel: NDArray[np.bool_]
) -> dict[str, Any]:
    """The numbers to compare between experiments.

    Args:
        table: `detection_table` of every representation.
        representations: What was examined.
        novel: (M,) whether each test image is novel.

    Returns:
        Representation to detector to its AUROC with interval, measured on all novel classes with
        all labels or none; under `forest_on_an_unseen_class` the mean over novel classes of the
        AUROC of a forest that never saw the class, under `forest_on_a_seen_class` of one that did;
        and for classifiers `closed_set_accuracy`, over the normal test images.
    """
    result: dict[str, Any] = {}
    for representation in representations:
        rows = table[table["representation"] == representation.name]
        each_class = rows[rows["novel_class"] != "all"].groupby("labels")["auroc"].mean()
        whole = rows[(rows["novel_class"] == "all") & rows["labels"].isin(["none", "all"])]
        entry: dict[str, Any] = {
            row["detector"]: {
                "auroc": {
                    "estimate": row["auroc"],
                    "low": row["auroc_low"],
                    "high": row["auroc_high"],
                }
            }
            for _, row in whole.iterrows()
        }
        entry["forest_on_a_seen_class"] = {"auroc": float(each_class["all"])}
        unseen = float(each_class.get("other classes", np.nan))  # none with one novel class
        entry["forest_on_an_unseen_class"] = {"auroc": unseen}
        if representation.correct is not None:
            entry["closed_set_accuracy"] = float(representation.correct[~novel].mean())
        result[representation.name] = entry
    return result
