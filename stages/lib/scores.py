"""Anomaly scores of a classifier's logits f, (N, K) each row an image: higher = more novel.

All are computed in float64: in float32 a confident softmax is 1 to the last bit, and the images
that it ranks would be tied. The formulas are those of Dietterich et al., *A Representation Analysis
of Image Anomaly Detection*; its "1 − argmax P(y|x)" is a slip for 1 − max P(y|x).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

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


LOGIT_SCORES: dict[str, Callable[[Logits], NDArray[np.float64]]] = {
    "maximum_softmax_probability": maximum_softmax_probability,
    "entropy": entropy,
    "max_logit": max_logit,
    "energy": energy,
}
