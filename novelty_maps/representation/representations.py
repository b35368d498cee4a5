"""What is examined: a representation z of the images, its own scores, and where they come from."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline.rows import Images, mean_of
from novelty_maps.representation import scores
from novelty_maps.representation.latent_scores import Classes, latent_scores
from novelty_maps.representation.sanity import disagreement, task_accuracy

Array = NDArray[Any]
_BATCH = 256  # images at a time; bounds memory, changes no result


class Representation(NamedTuple):
    """A representation of the labelled validation images and of the test images.

    Attributes:
        name: Its name.
        features: Part ("validation", "test") to (N, D).
        scores: Part to the name of a score to (N,), made without any label of novelty.
        correct: Whether each test image's class is predicted, or None without a classifier.
        is_oracle: Whether the network itself was trained on novel classes.
        undefined: Names of scores that it should have but that are not finite.
        neighbours: The k of its nearest neighbours, None where it has no such score.
        task_accuracy: As of `sanity`, NaN of networks without such a task.
        disagreement: As of `sanity`, NaN of what is no ensemble.
    """

    name: str
    features: Mapping[str, Array]
    scores: Mapping[str, Mapping[str, NDArray[np.float64]]]
    correct: NDArray[np.bool_] | None
    is_oracle: bool
    undefined: tuple[str, ...] = ()
    neighbours: int | None = None
    task_accuracy: float = float("nan")
    disagreement: float = float("nan")


def of_network(
    name: str,
    outputs: Mapping[str, Mapping[str, Array]],
    test: pd.DataFrame,
    *,
    sees_novel: bool = False,
    shown: str | None = None,
    classes: Mapping[str, Classes] | None = None,
) -> Representation:
    """The representation z of a network, with every score that its outputs allow.

    Those of the network's own outputs come first, then those of `latent_scores`, where the outputs
    of the training images are kept. A network that was trained on novel classes has none, since it
    knows the classes by their labels.

    Args:
        name: Its name.
        outputs: Part to output to array, as the stage `representation_embed` keeps them.
        test: `label` and `novel` of the test images.
        sees_novel: Whether it was trained on novel classes.
        shown: Score to come first, the one that figures show; None leaves the order of `SCORES`.
        classes: Of the training and validation images, as `latent_scores` takes them.
    """
    parts = ("validation", "test")
    own: dict[str, dict[str, NDArray[np.float64]]] = {part: {} for part in parts}
    correct = neighbours = None
    if not sees_novel:
        own = {part: scores.own_scores(outputs, part) for part in parts}
        if "z" in outputs.get("train", {}):
            on_z, neighbours = latent_scores(outputs, classes)
            own = {part: own[part] | on_z[part] for part in parts}
        logits = outputs["test"].get("logits")
        if "member_logits" in outputs["test"]:
            logits = scores.log_mean_probability(outputs["test"]["member_logits"])
        if logits is not None:
            correct = predicted_correctly(logits, test)
    own, undefined = _defined(own, first=shown)
    normal = test["novel"].to_numpy() == 0
    return Representation(
        name,
        {part: outputs[part]["z"] for part in parts},
        own,
        correct,
        sees_novel,
        undefined,
        neighbours,
        task_accuracy(outputs["test"], normal),
        disagreement(outputs["test"], normal),
    )


def _defined(
    own: Mapping[str, Mapping[str, NDArray[np.float64]]], *, first: str | None
) -> tuple[dict[str, dict[str, NDArray[np.float64]]], tuple[str, ...]]:
    """The scores that are finite on both parts, one before the others, and names of the rest."""
    undefined = tuple(
        score
        for score in own["test"]
        if not all(np.isfinite(scores_of[score]).all() for scores_of in own.values())
    )
    defined = {
        part: {
            score: scores_of[score]
            for score in sorted(scores_of, key=lambda score: score != first)
            if score not in undefined
        }
        for part, scores_of in own.items()
    }
    return defined, undefined


def joined(members: Sequence[Mapping[str, Mapping[str, Array]]]) -> dict[str, dict[str, Array]]:
    """Outputs of a deep ensemble: `z` (N, E·D) side by side and `member_logits` (N, E, K).

    They are of the parts that the members have outputs of.

    Args:
        members: Outputs of each member, as `of_network` takes them.
    """
    return {
        part: {
            "z": np.concatenate([member[part]["z"] for member in members], axis=1),
            "member_logits": np.stack([member[part]["logits"] for member in members], axis=1),
        }
        for part in ("train", "validation", "test")
        if part in members[0]
    }


def of_pixels(images: Mapping[str, Images]) -> Representation:
    """Raw pixels, scored by their squared distance to the mean training image, a value's mean.

    Args:
        images: Part to (N, C, H, W); "train" has the normal training images.
    """
    mean = mean_of(images["train"]).ravel()
    parts = ("validation", "test")
    pixels, own = {}, {}
    for part in parts:
        pixels[part] = np.asarray(images[part]).reshape(len(images[part]), -1)
        few = (
            pixels[part][start : start + _BATCH] for start in range(0, len(pixels[part]), _BATCH)
        )
        distances = [((values - mean) ** 2).mean(axis=1) / 255**2 for values in few]
        own[part] = {"distance_to_mean": np.concatenate(distances)}
    return Representation("raw_pixels", pixels, own, None, False)


def predicted_correctly(logits: NDArray[np.floating], rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the highest logit is that of the image's class; False for novel images.

    Args:
        logits: (M, K), columns in ascending order of the K normal classes.
        rows: `label` and `novel` of the images.
    """
    normal_classes = np.unique(rows.loc[rows["novel"] == 0, "label"])
    correct: NDArray[np.bool_] = normal_classes[logits.argmax(axis=1)] == rows["label"].to_numpy()
    return correct
