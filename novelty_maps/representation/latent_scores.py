"""Anomaly scores of a representation z without a label of novelty: how far it is from normal ones.

They are fitted on the normal training images alone, all of them, with their classes where the
network knows classes; a class is a number, −1 for none. All are computed in float64, higher = more
novel.

pytorch-ood has the same scores, and the tests compare; it computes them in float32, and inverts
covariances that z of dead units makes singular.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, logsumexp
from scipy.stats import mode
from sklearn.neighbors import NearestNeighbors

Array = NDArray[np.floating]
Classes = NDArray[np.int64]

_NEIGHBOURS = (1, 5, 10, 20, 50, 100, 200)
_NEIGHBOURS_WITHOUT_CLASSES = 50  # that of Sun et al. for CIFAR-10


class LatentScores(NamedTuple):
    """What z says without a label of novelty.

    Attributes:
        scores: "validation" and "test", to the score, to (N,).
        neighbours: The k of its nearest neighbours.
    """

    scores: dict[str, dict[str, NDArray[np.float64]]]
    neighbours: int


def mahalanobis(z: Array, training_z: Array, classes: Classes) -> NDArray[np.float64]:
    """Squared Mahalanobis distance to the nearest class mean (Lee et al. 2018, equation 2).

    All classes share one covariance, that within classes. Directions in which it is zero do not
    count, as with the pseudo-inverse in the authors' code.

    Args:
        z: (N, D) of the images to score.
        training_z: (M, D) of the training images.
        classes: (M,) of the training images; all equal for a single Gaussian.

    Returns:
        (N,); NaN if the classes do not vary in any direction.
    """
    known, place = np.unique(classes, return_inverse=True)
    centre = training_z.mean(axis=0, dtype=np.float64)
    z, training_z = z - centre, training_z - centre
    means = np.stack([training_z[classes == each].mean(axis=0) for each in known])
    variances, axes = _principal_axes(training_z - means[place])
    varies = variances > 0
    if not varies.any():
        return np.full(len(z), np.nan)
    whitening = axes[:, varies] / np.sqrt(variances[varies])
    distances = cdist(z @ whitening, means @ whitening, "sqeuclidean")
    nearest: NDArray[np.float64] = distances.min(axis=1)
    return nearest


def relative_mahalanobis(z: Array, training_z: Array, classes: Classes) -> NDArray[np.float64]:
    """The distance of `mahalanobis` less that to all classes as one (Ren et al. 2021).

    Arguments and result are as of `mahalanobis`; 0 if there is one class.
    """
    background = mahalanobis(z, training_z, np.zeros_like(classes))
    return mahalanobis(z, training_z, classes) - background


def nearest_neighbours(z: Array, training_z: Array, count: int) -> NDArray[np.float64]:
    """Distance of z / ‖z‖ to its k-th nearest among training images (Sun et al. 2022, section 3).

    Args:
        z: (N, D) of the images to score.
        training_z: (M, D) of the training images.
        count: k, at most M.

    Returns:
        (N,) in [0, 2].
    """
    distances, _ = _neighbours(z, training_z, count)
    return distances[:, -1]


def chosen_neighbours(
    z: Array, classes: Classes, training_z: Array, training_classes: Classes
) -> int:
    """The k of `nearest_neighbours`: that which classifies normal validation images best.

    It is that with the highest accuracy of the classifier by the most frequent class of the k
    nearest training images, the lowest of several; without two classes to tell apart it is that of
    Sun et al. (2022) for CIFAR-10. No more than the smallest class has training images: beyond
    them even the k-th neighbour of a normal image is of another class, and novel images between the
    classes score lower, while classification may still be right.

    Args:
        z: (N, D) of the normal validation images.
        classes: (N,) of the same.
        training_z: (M, D) of the training images.
        training_classes: (M,) of the same.
    """
    _, sizes = np.unique(training_classes, return_counts=True)
    most = int(sizes.min())
    if len(sizes) < 2 or not len(z):
        return min(_NEIGHBOURS_WITHOUT_CLASSES, most)
    counts = [count for count in _NEIGHBOURS if count <= most]
    _, nearest = _neighbours(z, training_z, counts[-1])
    votes = training_classes[nearest]
    right = [(mode(votes[:, :count], axis=1).mode == classes).sum() for count in counts]
    return counts[int(np.argmax(right))]


def vim(
    z: Array, logits: Array, training_z: Array, training_logits: Array, origin: Array
) -> NDArray[np.float64]:
    """The virtual logit less the energy of the logits: ViM (Wang et al. 2022, section 4).

    The virtual logit is α ‖residual of z − origin beyond the principal space of the training
    images‖, with α such that its mean on training images is that of their highest logit. The
    principal space has 1000 dimensions if D is at least 2048 and 512 of fewer, as in the authors'
    code, but half of up to 512, of which those would leave nothing.

    Args:
        z: (N, D) of the images to score.
        logits: (N, K) of the same, W z + b.
        training_z: (M, D) of the training images.
        training_logits: (M, K) of the same.
        origin: −W⁺ b, (D,).

    Returns:
        (N,); NaN if training images have no residual, or if the mean of their highest logit is not
        positive: a larger residual would then be less novel.
    """
    centred = training_z - origin.astype(np.float64)
    variances, axes = _principal_axes(centred)
    width = len(variances)
    principal = 1000 if width >= 2048 else 512 if width > 512 else width // 2
    beyond = axes[:, : width - principal]
    highest = training_logits.max(axis=1).mean(dtype=np.float64)
    if not (variances[: width - principal].any() and highest > 0):
        return np.full(len(z), np.nan)
    alpha = highest / np.linalg.norm(centred @ beyond, axis=1).mean()
    residual = np.linalg.norm((z - origin) @ beyond, axis=1)
    score: NDArray[np.float64] = alpha * residual - logsumexp(logits.astype(np.float64), axis=1)
    return score


def kl_matching(logits: Array, training_logits: Array) -> NDArray[np.float64]:
    """KL divergence of p from the nearest typical p of a class (Hendrycks et al. 2022).

    That of a class is the mean p of the training images that are predicted as it.

    Args:
        logits: (N, K) of the images to score.
        training_logits: (M, K) of the training images.

    Returns:
        (N,) in nats, not negative but for rounding.
    """
    log_p = log_softmax(logits.astype(np.float64), axis=1)
    training = log_softmax(training_logits.astype(np.float64), axis=1)
    predicted = training.argmax(axis=1)
    typical = np.stack(
        [
            logsumexp(training[predicted == each], axis=0) - np.log((predicted == each).sum())
            for each in np.unique(predicted)
        ]
    )
    p = np.exp(log_p)
    divergence = (p * log_p).sum(axis=1, keepdims=True) - p @ typical.T
    nearest: NDArray[np.float64] = divergence.min(axis=1)
    return nearest


def latent_scores(
    outputs: Mapping[str, Mapping[str, NDArray[Any]]],
    classes: Mapping[str, Classes] | None = None,
) -> LatentScores:
    """Every one of `LATENT_SCORES` that a network's outputs allow; NaN if undefined.

    Args:
        outputs: Part to output to array, of "train" (the normal training images), "validation" and
            "test"; and "head" with `origin` where the logits are linear in z.
        classes: Class of each image of "train" and of "validation", there −1 for novel ones; None
            for a network that knows no classes, which has one Gaussian and no relative distance.
    """
    train, parts = outputs["train"], ("validation", "test")
    asked = {
        name: np.concatenate([outputs[part][name] for part in parts])
        for name in ("z", "logits")
        if name in train
    }
    z, training_z = asked["z"], np.asarray(train["z"])
    first = len(outputs["validation"]["z"])
    if classes is None:
        classes = {"train": np.zeros(len(training_z), int), "validation": np.full(first, -1)}
    known = classes["train"]
    found = {"mahalanobis": mahalanobis(z, training_z, known)}
    if len(np.unique(known)) > 1:
        found["relative_mahalanobis"] = relative_mahalanobis(z, training_z, known)
    normal = classes["validation"] >= 0
    count = chosen_neighbours(z[:first][normal], classes["validation"][normal], training_z, known)
    found["nearest_neighbours"] = nearest_neighbours(z, training_z, count)
    if "logits" in asked:
        logits, training_logits = asked["logits"], np.asarray(train["logits"])
        if "head" in outputs:
            origin = outputs["head"]["origin"]
            found["vim"] = vim(z, logits, training_z, training_logits, origin)
        found["kl_matching"] = kl_matching(logits, training_logits)
    rows = {"validation": slice(first), "test": slice(first, None)}
    scores = {part: {name: score[rows[part]] for name, score in found.items()} for part in parts}
    return LatentScores(scores, count)


def _principal_axes(centred: Array) -> tuple[NDArray[np.float64], Array]:
    """Variances in ascending order, (D,), 0 where rounding has made them, and the axes (D, D)."""
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    rounding = variances[-1] * len(variances) * np.finfo(np.float64).eps
    return np.where(variances > rounding, variances, 0), axes


def _neighbours(
    z: Array, training_z: Array, count: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances between directions and places of the nearest training images, (N, count) each."""
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(_directions(training_z))
    found: tuple[NDArray[np.float64], NDArray[np.intp]] = search.kneighbors(_directions(z))
    return found


def _directions(z: Array) -> NDArray[np.float64]:
    """Each z / ‖z‖; a zero vector has none and stays zero, as in the authors' code."""
    norms = np.linalg.norm(z.astype(np.float64), axis=1, keepdims=True)
    directions: NDArray[np.float64] = np.divide(z, norms, out=np.zeros(z.shape), where=norms > 0)
    return directions
