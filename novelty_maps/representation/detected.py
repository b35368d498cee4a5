"""What detectors say of the test images: a representation's own scores, and oracles on it.

Oracles are fitted with all labels of the validation images, with few labelled anomalies, and, if
asked, with all but those of one novel class, and have the same number of trees each time.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.representation import oracles
from novelty_maps.representation.representations import Representation


class Detected(NamedTuple):
    """What a detector says of the test images.

    Attributes:
        detector: Its name.
        labels: Those that it was given: "none", "all", "other classes" or the number of labelled
            anomalies.
        novel_class: The one novel class that it is measured on, None for all.
        scores: (D, M), a row a draw of labelled anomalies; one where nothing is drawn.
    """

    detector: str
    labels: str
    novel_class: int | None
    scores: NDArray[np.float64]


def is_novel(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """(N,) whether each image is novel.

    Args:
        rows: `novel` of each image, 0 or 1.
    """
    novel: NDArray[np.bool_] = rows["novel"].to_numpy() == 1
    return novel


def own_detected(representation: Representation) -> Iterator[Detected]:
    """Every score of the representation itself."""
    for name, score in representation.scores["test"].items():
        yield Detected(name, "none", None, score[None])


def fully_labelled(
    representation: Representation, validation: pd.DataFrame, *, trees: int
) -> Iterator[Detected]:
    """Every oracle that is told of all validation images; arguments as of `oracles_detected`."""
    features, novel = representation.features["validation"], is_novel(validation)
    test = representation.features["test"]
    for name, oracle in oracles.all_oracles(trees=trees).items():
        score = oracle(features, novel, test, seed=0)
        yield Detected(name, "all", None, score[None])


def oracles_detected(
    representation: Representation,
    validation: pd.DataFrame,
    test_classes: list[int],
    *,
    trees: int,
    labelled_anomalies: list[int],
    draws: int,
    held_out_classes: bool,
) -> Iterator[Detected]:
    """Every oracle on a representation.

    Draws of labelled anomalies are independent of each other; within one, fewer anomalies are a
    subset of more. All oracles, on all representations, see the same ones. Of a network that was
    trained on the novel classes, none can be left out any more.

    Args:
        representation: What the oracles are fitted to.
        validation: `label` and `novel` of the validation images.
        test_classes: Novel classes of the test images.
        trees: Trees of the forest oracle.
        labelled_anomalies: Numbers of labelled anomalies.
        draws: How often each of them is drawn.
        held_out_classes: Whether each novel class in turn is left out of a forest's labels.
    """
    features, novel = representation.features["validation"], is_novel(validation)
    test = representation.features["test"]

    whole = {one.detector: one for one in fully_labelled(representation, validation, trees=trees)}
    yield from whole.values()
    for count in labelled_anomalies:
        drawn = [
            oracles.labelled_subset(
                novel, anomalies=count, generator=np.random.default_rng([0, draw])
            )
            for draw in range(draws)
        ]
        for name, oracle in oracles.all_oracles(trees=trees).items():
            scores = [
                oracle(features[rows], novel[rows], test, seed=draw, balanced=True)
                for draw, rows in enumerate(drawn)
            ]
            yield Detected(name, str(count), None, np.stack(scores))
    for label in test_classes:
        yield whole["forest"]._replace(novel_class=label)
    if representation.is_oracle or not held_out_classes:
        return
    unseen = oracles.held_out_scores(
        lambda rows: oracles.forest_oracle(features[rows], novel[rows], test, trees=trees, seed=0),
        validation["label"].to_numpy(np.int64),
        novel,
    )
    for label, score in unseen.items():
        yield Detected("forest", "other classes", label, score[None])
