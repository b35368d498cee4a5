"""Anomaly scores of what a network says of an image: higher = more novel.

All are computed in float64: in float32 a confident softmax is 1 to the last bit, and the images
that it ranks would be tied. The formulas are those of Dietterich et al., *A Representation Analysis
of Image Anomaly Detection*; its "1 − argmax P(y|x)" is a slip for 1 − max P(y|x). Every sign was
fixed before a result was seen.

Another score is a function and a line in `SCORES`; it is computed for every network that has the
outputs it reads.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

from novelty_maps.params.score_names import TASKS

_ROWS = 256  # images compared with the training images at a time
Logits = NDArray[np.floating]


def maximum_softmax_probability(logits: Logits) -> NDArray[np.float64]:
    """1 − max p (Hendrycks & Gimpel 2017), without losing digits where max p is near 1. (N,)."""
    below = np.sort(logits.astype(np.float64), axis=1)
    below -= below[:, -1:]
    odds = np.exp(below[:, :-1]).sum(axis=1)  # (1 − max p) / max p
    score: NDArray[np.float64] = odds / (1 + odds)
    return score


def entropy(logits: Logits) -> NDArray[np.float64]:
    """H(p) = −Σ p log p in nats; finite where some p underflows to 0. (N,)."""
    log_p = log_softmax(logits.astype(np.float64), axis=1)
    score: NDArray[np.float64] = -(np.exp(log_p) * log_p).sum(axis=1)
    return score


def max_logit(logits: Logits) -> NDArray[np.float64]:
    """−max f; unlike the two above it changes when all logits are shifted. (N,)."""
    score: NDArray[np.float64] = -logits.astype(np.float64).max(axis=1)
    return score


def energy(logits: Logits) -> NDArray[np.float64]:
    """−log Σ exp f (Liu et al. 2020); max f ≤ log Σ exp f ≤ max f + log K. (N,)."""
    score: NDArray[np.float64] = -logsumexp(logits.astype(np.float64), axis=1)
    return score


def reconstruction_error(error: NDArray[np.floating]) -> NDArray[np.float64]:
    """The reconstruction loss L of each image, (N,)."""
    return error.astype(np.float64)


def generalized_odin_h(h: Logits) -> NDArray[np.float64]:
    """−max h of Generalized ODIN, its class part (Hsu et al. 2020). (N,)."""
    return max_logit(h)


def generalized_odin_g(g: NDArray[np.floating]) -> NDArray[np.float64]:
    """−g of Generalized ODIN, its confidence that the image is of the training kind. (N,)."""
    return -g.astype(np.float64)


def transformation(task_logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """−mean over transformations of log p(transformation | image so transformed), after GEOM.

    GEOM (Golan & El-Yaniv 2018) has more transforms, and Dirichlet densities instead of log p.

    Args:
        task_logits: (N, R, R), entry [i, j] of image i in transformation j.

    Returns:
        (N,) in nats.
    """
    log_p = log_softmax(task_logits.astype(np.float64), axis=2)
    score: NDArray[np.float64] = -np.diagonal(log_p, axis1=1, axis2=2).mean(axis=1)
    return score


def log_mean_probability(member_logits: Logits) -> NDArray[np.float64]:
    """Log of the mean over members of p, (N, E, K) to (N, K): the logits of a deep ensemble."""
    log_p = log_softmax(member_logits.astype(np.float64), axis=2)
    mean: NDArray[np.float64] = logsumexp(log_p, axis=1) - np.log(member_logits.shape[1])
    return mean


def ensemble_maximum_softmax_probability(member_logits: Logits) -> NDArray[np.float64]:
    """1 − max of the members' mean p (Lakshminarayanan et al. 2017). (N, E, K) to (N,)."""
    return maximum_softmax_probability(log_mean_probability(member_logits))


def ensemble_entropy(member_logits: Logits) -> NDArray[np.float64]:
    """Entropy of the members' mean p. (N, E, K) to (N,)."""
    return entropy(log_mean_probability(member_logits))


def ensemble_max_logit(member_logits: Logits) -> NDArray[np.float64]:
    """−max of the members' mean logits. (N, E, K) to (N,)."""
    return max_logit(member_logits.astype(np.float64).mean(axis=1))


def mutual_information(member_logits: Logits) -> NDArray[np.float64]:
    """H(mean p) − mean H(p): what the members disagree about, in nats. (N, E, K) to (N,)."""
    members = [entropy(member_logits[:, member]) for member in range(member_logits.shape[1])]
    score: NDArray[np.float64] = ensemble_entropy(member_logits) - np.mean(members, axis=0)
    return score


def small_csi(
    projection: Logits,
    shift_logits: Logits,
    training_projection: Logits,
    training_shift_logits: Logits,
) -> NDArray[np.float64]:
    """−s_CSI of Tack et al. (2020), Section 2.2, in float64: higher = more novel.

    s_CSI = Σ over rotations S of λ_con max over training images m of ‖p‖ cos(p(S x), p(S m))
    + λ_cls (logit of S for S x), with 1/λ the mean over training images of ‖p(S m)‖ and of the
    logit of S for S m.

    Args:
        projection: (N, 4, P) of the images to score, as `SmallCsi.outputs` gives it.
        shift_logits: (N, 4, 4) of the same.
        training_projection: (M, 4, P) of the training images.
        training_shift_logits: (M, 4, 4) of the same.

    Returns:
        (N,); NaN if a mean logit is not positive: the network cannot tell this rotation, and the
        score would change its sign.
    """
    score = contrastive(projection, training_projection)
    for turns in range(projection.shape[1]):
        scale = training_shift_logits[:, turns, turns].mean(dtype=np.float64)
        if not scale > 0:
            return np.full(len(projection), np.nan)
        score -= shift_logits[:, turns, turns] / scale
    return score


def contrastive(projection: Logits, training_projection: Logits) -> NDArray[np.float64]:
    """−s_con of Tack et al. (2020), eq. 6, over rotations the sum that their eq. 9 is of.

    That is the first term of `small_csi`: likeness to the nearest training image, in units of the
    mean norm of these. Without shifts, R = 1, it is the score of a plain contrastive network.

    Args:
        projection: (N, R, P) of the images to score, as `SmallCsi.outputs` gives it.
        training_projection: (M, R, P) of the training images.

    Returns:
        (N,).
    """
    score = np.zeros(len(projection))
    for turns in range(projection.shape[1]):
        training = training_projection[:, turns].astype(np.float64)
        norms = np.linalg.norm(training, axis=1)
        likeness = _greatest_product(projection[:, turns], training / norms[:, None])
        score -= likeness / norms.mean()
    return score


def _greatest_product(
    rows: NDArray[np.floating], units: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each row's greatest inner product with one of the unit vectors: norm · cosine. (N,)."""
    greatest = np.empty(len(rows))
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS].astype(np.float64)
        greatest[start : start + _ROWS] = (part @ units.T).max(axis=1)
    return greatest


class Score(NamedTuple):
    """An anomaly score.

    Attributes:
        function: The outputs, as arrays with a row an image, to the score of each image. With
            `training`, the same outputs of the normal training images follow.
        outputs: Names of what it reads of each image.
        training: Whether it compares with the training images.
    """

    function: Callable[..., NDArray[np.float64]]
    outputs: tuple[str, ...]
    training: bool = False


LOGIT_SCORES: dict[str, Callable[[Logits], NDArray[np.float64]]] = {
    "max_logit": max_logit,
    "maximum_softmax_probability": maximum_softmax_probability,
    "entropy": entropy,
    "energy": energy,
}

# A figure that shows one score for a network shows its first in this order, or this one.
SHOWN = {"jem": "energy"}

SCORES: dict[str, Score] = {
    "generalized_odin_h": Score(generalized_odin_h, ("h",)),
    "generalized_odin_g": Score(generalized_odin_g, ("g",)),
    **{name: Score(transformation, (f"{name}_logits",)) for name in TASKS},
    "small_csi": Score(small_csi, ("projection", "shift_logits"), training=True),
    "contrastive": Score(contrastive, ("projection",), training=True),
    **{name: Score(function, ("logits",)) for name, function in LOGIT_SCORES.items()},
    "ensemble_max_logit": Score(ensemble_max_logit, ("member_logits",)),
    "ensemble_maximum_softmax_probability": Score(
        ensemble_maximum_softmax_probability, ("member_logits",)
    ),
    "ensemble_entropy": Score(ensemble_entropy, ("member_logits",)),
    "mutual_information": Score(mutual_information, ("member_logits",)),
    "reconstruction_error": Score(reconstruction_error, ("reconstruction_error",)),
}


def own_scores(
    outputs: Mapping[str, Mapping[str, NDArray[Any]]], part: str
) -> dict[str, NDArray[np.float64]]:
    """Every score that a network's outputs allow, of the images of one part; NaN if undefined.

    Args:
        outputs: Part to output to array; "train" has the normal training images, where kept.
        part: "validation" or "test".

    Returns:
        Score to (N,).
    """
    found = {}
    for name, score in SCORES.items():
        read = [part, "train"] if score.training else [part]
        if all(output in outputs.get(each, {}) for each in read for output in score.outputs):
            arrays = [outputs[each][output] for each in read for output in score.outputs]
            found[name] = score.function(*arrays)
    return found
