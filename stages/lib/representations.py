"""How much each representation knows about novelty, and how much its own scores extract.

One row of the table is one detector on one representation, scored on the test images. Whatever saw
the label of a novel image, be it in training or in an oracle's labels, is marked `oracle`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.lib import detection, oracles, scores, statistics

Oracle = Callable[..., NDArray[np.float64]]
Array = NDArray[Any]
_Scored = tuple[str, str, int | None, NDArray[np.float64]]


class Representation(NamedTuple):
    """A representation of the labelled validation images and of the test images.

    Attributes:
        name: Its name.
        features: Part ("validation", "test") to (N, D).
        scores: Part to the name of a score to (N,), made without any label of novelty.
        correct: Whether each test image's class is predicted, or None without a classifier.
        is_oracle: Whether the network itself was trained on novel classes.
        undefined: Names of scores that it should have but that are not finite.
    """

    name: str
    features: Mapping[str, Array]
    scores: Mapping[str, Mapping[str, NDArray[np.float64]]]
    correct: NDArray[np.bool_] | None
    is_oracle: bool
    undefined: tuple[str, ...] = ()


def of_network(
    name: str,
    outputs: Mapping[str, Mapping[str, Array]],
    test: pd.DataFrame,
    *,
    sees_novel: bool = False,
    shown: str | None = None,
) -> Representation:
    """The representation z of a network, with every score that its outputs allow.

    A network that was trained on novel classes has no score of its own, since its logits know the
    classes by their labels.

    Args:
        name: Its name.
        outputs: Part to output to array, as the embed stage keeps them.
        test: `label` and `novel` of the test images.
        sees_novel: Whether it was trained on novel classes.
        shown: Score to come first, the one that figures show; None leaves the order of `SCORES`.
    """
    parts = ("validation", "test")
    own: dict[str, dict[str, NDArray[np.float64]]] = {part: {} for part in parts}
    correct = None
    if not sees_novel:
        own = {part: scores.own_scores(outputs, part) for part in parts}
        logits = outputs["test"].get("logits")
        if "member_logits" in outputs["test"]:
            logits = scores.log_mean_probability(outputs["test"]["member_logits"])
        if logits is not None:
            correct = predicted_correctly(logits, test)
    undefined = tuple(
        score
        for score in own["test"]
        if not all(np.isfinite(own[part][score]).all() for part in parts)
    )
    own = {
        part: {
            score: own[part][score]
            for score in sorted(own[part], key=lambda score: score != shown)
            if score not in undefined
        }
        for part in parts
    }
    features = {part: outputs[part]["z"] for part in parts}
    return Representation(name, features, own, correct, sees_novel, undefined)


def joined(members: Sequence[Mapping[str, Mapping[str, Array]]]) -> dict[str, dict[str, Array]]:
    """Outputs of a deep ensemble: `z` (N, E·D) side by side and `member_logits` (N, E, K).

    Args:
        members: Outputs of each member, as `of_network` takes them.
    """
    return {
        part: {
            "z": np.concatenate([member[part]["z"] for member in members], axis=1),
            "member_logits": np.stack([member[part]["logits"] for member in members], axis=1),
        }
        for part in ("validation", "test")
    }


def of_pixels(images: Mapping[str, NDArray[np.uint8]]) -> Representation:
    """Raw pixels, scored by their squared distance to the mean training image, a value's mean.

    Args:
        images: Part to (N, C, H, W); "train" has the normal training images.
    """
    pixels = {part: array.reshape(len(array), -1) for part, array in images.items()}
    mean = pixels["train"].mean(axis=0)
    parts = ("validation", "test")
    distance = {part: ((pixels[part] - mean) ** 2).mean(axis=1) / 255**2 for part in parts}
    own = {part: {"distance_to_mean": distance[part]} for part in parts}
    return Representation("raw_pixels", {p: pixels[p] for p in parts}, own, None, False)


def predicted_correctly(logits: NDArray[np.floating], rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the highest logit is that of the image's class; False for novel images.

    Args:
        logits: (M, K), columns in ascending order of the K normal classes.
        rows: `label` and `novel` of the images.
    """
    normal_classes = np.unique(rows.loc[rows["novel"] == 0, "label"])
    correct: NDArray[np.bool_] = normal_classes[logits.argmax(axis=1)] == rows["label"].to_numpy()
    return correct


class Examined(NamedTuple):
    """What became of one representation.

    Attributes:
        table: A row per detector, as `examine` describes it.
        scores: "detector" to the scores (M,) of the test images, of detectors that were given all
            labels or none.
    """

    table: pd.DataFrame
    scores: dict[str, NDArray[np.float64]]


def examine(
    representation: Representation,
    validation: pd.DataFrame,
    test: pd.DataFrame,
    *,
    trees: int,
    control_trees: int,
    labelled_anomalies: list[int],
    seed: int,
) -> Examined:
    """All detectors on one representation.

    Args:
        representation: What is examined.
        validation: `label` and `novel` of the validation images, the oracles' labels.
        test: `label` and `novel` of the test images.
        trees: Trees of the forest oracle.
        control_trees: Trees of the forests that do not see the class that they are tested on, and
            of the one that they are compared with class by class.
        labelled_anomalies: Numbers of labelled anomalies of further oracles, one draw each.
        seed: Seed of oracles and of the draw of labelled anomalies.

    Returns:
        The table has a row per detector: `representation`, `detector`, `labels` that it was given
        ("none", "all", "other classes" or the number of labelled anomalies), `novel_class` whose
        test images it is measured on beside the normal ones ("all" or a class, which "other
        classes" leaves out of the labels), `oracle` (0 or 1), `auroc` with DeLong's `_low` and
        `_high`, `average_precision`, `fpr_at_95_tpr`, `oscr`, `closed_set_accuracy`, and
        `validation_auroc`, for choices between detectors without labels.
    """
    novel = test["novel"].to_numpy() == 1
    label = test["label"].to_numpy()
    validation_novel = validation["novel"].to_numpy() == 1
    rows = []
    kept_scores = {}
    accuracy = np.nan if representation.correct is None else representation.correct[~novel].mean()

    def add(detector: str, labels: str, score: NDArray[np.float64], only: int | None) -> None:
        kept = ~novel | (only is None) | (label == only)
        correct = None if representation.correct is None else representation.correct[kept]
        on_validation = np.nan
        if labels == "none":
            on_validation = statistics.delong_auroc(
                validation_novel, representation.scores["validation"][detector]
            ).estimate
        if only is None and labels in ("none", "all"):
            kept_scores[detector] = score
        rows.append(
            {
                "representation": representation.name,
                "detector": detector,
                "labels": labels,
                "novel_class": "all" if only is None else str(only),
                "oracle": int(representation.is_oracle or labels != "none"),
                **measures(novel[kept], score[kept], correct),
                "closed_set_accuracy": accuracy,
                "validation_auroc": on_validation,
            }
        )

    for name, score in representation.scores["test"].items():
        add(name, "none", score, None)
    for detector, labels, only, score in _oracle_scores(
        representation,
        validation,
        np.unique(label[novel]).tolist(),
        trees=trees,
        control_trees=control_trees,
        labelled_anomalies=labelled_anomalies,
        seed=seed,
    ):
        add(detector, labels, score, only)
    return Examined(pd.DataFrame(rows), kept_scores)


def _oracle_scores(
    representation: Representation,
    validation: pd.DataFrame,
    test_classes: list[int],
    *,
    trees: int,
    control_trees: int,
    labelled_anomalies: list[int],
    seed: int,
) -> Iterator[_Scored]:
    """Detector, its labels, the one novel class it is tested on or None, and its scores."""
    features, novel = representation.features["validation"], validation["novel"].to_numpy() == 1
    labels = validation["label"].to_numpy(np.int64)

    def score(
        oracle: Oracle, rows: NDArray[Any], trees: int = control_trees
    ) -> NDArray[np.float64]:
        test = representation.features["test"]
        return oracle(features[rows], novel[rows], test, trees=trees, seed=seed)

    everything = np.ones(len(novel), bool)
    for name, oracle in oracles.ORACLES.items():
        yield name, "all", None, score(oracle, everything, trees)
    for count in labelled_anomalies:
        rows = oracles.labelled_subset(
            novel, anomalies=count, generator=np.random.default_rng([seed, count])
        )
        # As many trees as with all labels: few of them see one of a handful of anomalies.
        for name, oracle in oracles.ORACLES.items():
            yield name, str(count), None, score(oracle, rows, trees)
    seen = score(oracles.forest_oracle, everything)
    for label in test_classes:
        yield "forest", "all", label, seen
    unseen = oracles.held_out_scores(partial(score, oracles.forest_oracle), labels, novel)
    for label, scores_of in unseen.items():
        yield "forest", "other classes", label, scores_of


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
        if rows["closed_set_accuracy"].notna().any():
            entry["closed_set_accuracy"] = float(rows["closed_set_accuracy"].iloc[0])
        result[str(name)] = entry
    return result
