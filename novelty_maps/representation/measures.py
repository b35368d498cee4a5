"""How well a novelty score tells novel images from normal ones. Higher = more novel; 1 = novel."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, roc_curve


def average_precision(novel: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Average precision with novel as the positive class; NaN without novel or normal images."""
    if novel.all() or not novel.any():
        return float("nan")
    return float(average_precision_score(novel, score))


def false_positive_rate(
    novel: NDArray[np.bool_], score: NDArray[np.float64], *, true_positive_rate: float = 0.95
) -> float:
    """Share of normal images that are called novel where so many of the novel ones are.

    The threshold is the highest score at which at least `true_positive_rate` of the novel images
    score as high or higher; no interpolation between attainable thresholds.

    Args:
        novel: (N,).
        score: (N,).
        true_positive_rate: In (0, 1].

    Returns:
        In [0, 1]; NaN without novel or normal images.
    """
    if novel.all() or not novel.any():
        return float("nan")
    positives = np.sort(score[novel])[::-1]
    needed = int(np.ceil(true_positive_rate * len(positives) - 1e-9))
    return float((score[~novel] >= positives[needed - 1]).mean())


def equal_error_rate(novel: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """The false positive rate where it equals the false negative rate.

    It is read off the ROC curve that joins attainable thresholds by straight lines, at its one
    crossing with FPR + TPR = 1. A line stands for a threshold between two others that is drawn at
    random, and for images with equal scores that are ordered at random.

    Args:
        novel: (N,).
        score: (N,).

    Returns:
        In [0, 1], lower is better; NaN without novel or normal images.
    """
    if novel.all() or not novel.any():
        return float("nan")
    false_positive, true_positive, _ = roc_curve(novel, score)
    return float(np.interp(1.0, false_positive + true_positive, false_positive))


def oscr(novel: NDArray[np.bool_], score: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Area under the open-set classification rate curve (Dhamija et al. 2018).

    The correct classification rate of normal images, those that are accepted and classified
    correctly, over the false positive rate of novel images, those that are accepted, for every
    threshold. It is P(a normal image is classified correctly and scores below a novel one), ties
    counting one half: the closed-set accuracy if detection is perfect.

    Args:
        novel: (N,).
        score: (N,).
        correct: (N,) whether the image's class was predicted; ignored where novel.

    Returns:
        In [0, 1]; NaN without novel or normal images.
    """
    if novel.all() or not novel.any():
        return float("nan")
    accepted = score[~novel & correct]
    if not accepted.size:
        return 0.0
    ranks = stats.rankdata(np.concatenate([score[novel], accepted]))[: int(novel.sum())]
    wins = ranks.sum() - stats.rankdata(score[novel]).sum()  # midranks: ties count one half
    return float(wins / (novel.sum() * (~novel).sum()))
