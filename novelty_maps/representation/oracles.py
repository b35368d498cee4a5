"""Oracles: detectors that are told which validation images are novel (Dietterich et al.).

An oracle measures what a representation knows: it is fitted to the representation of labelled
validation images, and scores those of the test images. What it reaches beyond an anomaly score of
the same network is information that the score does not extract.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from novelty_maps.representation.needs import require_both

Features = NDArray[np.floating]


def forest_oracle(
    features: Features, novel: NDArray[np.bool_], test: Features, *, trees: int, seed: int
) -> NDArray[np.float64]:
    """The share of a random forest's votes for "novel", the detector of the paper (1000 trees).

    Args:
        features: (N, D) of the labelled validation images.
        novel: (N,) whether each is novel.
        test: (M, D) of the images to score.
        trees: Number of trees.
        seed: Seed of the forest.

    Returns:
        (M,) probability of novel, in [0, 1].

    Raises:
        InputError: The labelled images are all novel or all normal.
    """
    require_both(normal=int((~novel).sum()), novel=int(novel.sum()))
    forest = RandomForestClassifier(n_estimators=trees, random_state=seed, n_jobs=-1)
    return _probability_of_novel(forest.fit(features, novel), test)


def linear_oracle(
    features: Features, novel: NDArray[np.bool_], test: Features, *, trees: int = 0, seed: int
) -> NDArray[np.float64]:
    """Logistic regression on standardised features; arguments and result as of `forest_oracle`.

    Its L2 penalty is scikit-learn's default, C = 1, and not tuned.
    """
    require_both(normal=int((~novel).sum()), novel=int(novel.sum()))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, random_state=seed))
    return _probability_of_novel(model.fit(features, novel), test)


ORACLES: dict[str, Callable[..., NDArray[np.float64]]] = {
    "forest": forest_oracle,
    "linear": linear_oracle,
}


def labelled_subset(
    novel: NDArray[np.bool_], *, anomalies: int, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Rows of all normal images and of so many novel ones, drawn at random, in ascending order.

    Raises:
        ValueError: There are fewer novel images.
    """
    drawn = generator.choice(np.flatnonzero(novel), anomalies, replace=False)
    return np.sort(np.concatenate([np.flatnonzero(~novel), drawn]))


def held_out_scores(
    oracle: Callable[[NDArray[np.bool_]], NDArray[np.float64]],
    labels: NDArray[np.int64],
    novel: NDArray[np.bool_],
) -> dict[int, NDArray[np.float64]]:
    """Scores of an oracle that never saw a novel class, for each novel class.

    Args:
        oracle: Rows of the validation part to see, (N,) bool, to scores of the test images.
        labels: (N,) class of each validation image.
        novel: (N,) whether it is novel.

    Returns:
        Novel class to (M,) scores; none if there is one novel class only, without which nothing
        would be left to learn from.
    """
    classes = np.unique(labels[novel]).tolist()
    if len(classes) < 2:
        return {}
    return {label: oracle(labels != label) for label in classes}


def _probability_of_novel(model: "RandomForestClassifier", test: Features) -> NDArray[np.float64]:
    column = int(np.flatnonzero(model.classes_)[0])  # classes_ is [False, True]
    probability: NDArray[np.float64] = model.predict_proba(test)[:, column].astype(np.float64)
    return probability
