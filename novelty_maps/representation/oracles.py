"""Oracles: detectors that are told which validation images are novel (Dietterich et al.).

An oracle measures what a representation knows: it is fitted to the representation of labelled
validation images, and scores those of the test images. What it reaches beyond an anomaly score of
the same network is information that the score does not extract.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight
from threadpoolctl import threadpool_limits

from novelty_maps.representation.needs import require_both

Features = NDArray[np.floating]
# Features, and values of all images; the threads that multiply more decide the last bits of sums.
_NARROW, _FEW = 128, 2**17
_VALUES = 2**24  # of images that are scored at a time; bounds memory


def forest_oracle(
    features: Features,
    novel: NDArray[np.bool_],
    test: Features,
    *,
    trees: int,
    seed: int,
    balanced: bool = False,
) -> NDArray[np.float64]:
    """The share of a random forest's votes for "novel", the detector of the paper (1000 trees).

    Balanced, each tree is grown on twice as many draws as there are images of the rarer kind, of
    which each kind is half on average (Chen, Liaw & Breiman 2004, balanced random forest). Else
    next to no tree has a leaf for a handful of novel images that a test image falls into, and most
    of these score 0.

    Args:
        features: (N, D) of the labelled validation images.
        novel: (N,) whether each is novel.
        test: (M, D) of the images to score.
        trees: Number of trees.
        seed: Seed of the forest.
        balanced: Whether both kinds count the same, however few one has.

    Returns:
        (M,) probability of novel, in [0, 1].

    Raises:
        InputError: The labelled images are all novel or all normal.
    """
    rarer = _images_of_the_rarer_kind(novel)
    forest = RandomForestClassifier(
        n_estimators=trees,
        class_weight="balanced" if balanced else None,  # weights are chances to be drawn
        max_samples=2 * rarer if balanced else None,
        random_state=seed,
        n_jobs=1 if _are_few(features) else -1,
    )
    forest.estimator = _Tree()
    forest.fit(features, novel).set_params(n_jobs=1 if _are_few(test) else -1)
    return _probability_of_novel(forest, test)


def linear_oracle(
    features: Features,
    novel: NDArray[np.bool_],
    test: Features,
    *,
    seed: int,
    balanced: bool = False,
) -> NDArray[np.float64]:
    """Logistic regression on standardised features; arguments and result as of `forest_oracle`.

    Its L2 penalty is scikit-learn's default, C = 1, and not tuned. Balanced, the loss of a kind is
    weighted by the inverse of its frequency.
    """
    _images_of_the_rarer_kind(novel)
    regression = LogisticRegression(
        max_iter=2000, class_weight="balanced" if balanced else None, random_state=seed
    )
    model = make_pipeline(StandardScaler(), regression)
    with _few_threads(features):
        return _probability_of_novel(model.fit(features, novel), test)


def mlp_oracle(
    features: Features,
    novel: NDArray[np.bool_],
    test: Features,
    *,
    seed: int,
    balanced: bool = False,
) -> NDArray[np.float64]:
    """A perceptron with one hidden layer of 64 units; arguments and result as of `linear_oracle`.

    Features, L2 penalty (α = 1) and weights of the kinds are those of the linear oracle, so that
    it differs from it in the hidden layer alone. Training is scikit-learn's (Adam).
    """
    _images_of_the_rarer_kind(novel)
    perceptron = MLPClassifier((64,), alpha=1.0, max_iter=2000, random_state=seed)
    model = make_pipeline(StandardScaler(), perceptron)
    weight = compute_sample_weight("balanced" if balanced else None, novel)
    with _few_threads(features):
        model.fit(features.astype(np.float32), novel, mlpclassifier__sample_weight=weight)
        return _probability_of_novel(model, test.astype(np.float32))


def all_oracles(*, trees: int) -> dict[str, Callable[..., NDArray[np.float64]]]:
    """Every oracle by name, the forest with so many trees; arguments as of `linear_oracle`."""
    return {
        "forest": partial(forest_oracle, trees=trees),
        "linear": linear_oracle,
        "mlp": mlp_oracle,
    }


def labelled_subset(
    novel: NDArray[np.bool_], *, anomalies: int, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Rows of all normal images and of so many novel ones, drawn at random, in ascending order.

    Of generators with the same seed, fewer anomalies are a subset of more.

    Raises:
        ValueError: There are fewer novel images.
    """
    order = generator.permutation(np.flatnonzero(novel))
    if anomalies > len(order):
        raise ValueError(f"there are {len(order)} novel images, fewer than {anomalies}")
    return np.sort(np.concatenate([np.flatnonzero(~novel), order[:anomalies]]))


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


class _Tree(DecisionTreeClassifier):  # type: ignore[misc]
    """A tree that a forest can clone fast: scikit-learn looks up its parameters' names each time.

    In a forest of a hundred images, that took as long as to grow the trees.
    """

    _NAMES = tuple(DecisionTreeClassifier().get_params())

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What the tree was made with."""
        return {name: getattr(self, name) for name in self._NAMES}


def _are_few(features: Features) -> bool:
    """Whether there is so little that several threads would mostly wait for each other."""
    return features.size <= _FEW


def _few_threads(features: Features) -> threadpool_limits:
    """Linear algebra of little in one thread."""
    small = features.shape[1] <= _NARROW or _are_few(features)
    return threadpool_limits(1 if small else None, user_api="blas")


def _images_of_the_rarer_kind(novel: NDArray[np.bool_]) -> int:
    """Their number; an error if there are none."""
    counts = {"normal": int((~novel).sum()), "novel": int(novel.sum())}
    require_both(**counts)
    return min(counts.values())


def _probability_of_novel(model: "RandomForestClassifier", test: Features) -> NDArray[np.float64]:
    column = int(np.flatnonzero(model.classes_)[0])  # classes_ is [False, True]
    size = max(1, _VALUES // test.shape[1])
    return np.concatenate(
        [
            model.predict_proba(test[start : start + size])[:, column].astype(np.float64)
            for start in range(0, len(test), size)
        ]
    )
