"""Whether a network has learnt what its training is meant to teach, on the normal test images."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from novelty_maps.params.score_names import TASKS


def task_accuracy(outputs: Mapping[str, NDArray[Any]], normal: NDArray[np.bool_]) -> float:
    """Share of the transformed normal images whose transformation the network tells.

    Args:
        outputs: Of the test images; `<task>_logits` (N, R, R) as of `TransformationClassifier`.
        normal: (N,).

    Returns:
        In [0, 1], 1/R by chance; NaN without such logits or without normal images, or where R is 1
        and there is nothing to tell.
    """
    for task in (*TASKS, "shift"):
        logits = outputs.get(f"{task}_logits")
        if logits is not None and logits.shape[1] > 1 and normal.any():
            told = logits[normal].argmax(axis=2) == np.arange(logits.shape[1])
            return float(told.mean())
    return float("nan")


def disagreement(outputs: Mapping[str, NDArray[Any]], normal: NDArray[np.bool_]) -> float:
    """Share of normal images to which two members of an ensemble give different classes.

    The mean over pairs of members: the diversity of Fort et al. (2019), which they divide by the
    error rate.

    Args:
        outputs: Of the test images; `member_logits` (N, E, K).
        normal: (N,).

    Returns:
        In [0, 1]; NaN without such logits, with one member, or without normal images.
    """
    logits = outputs.get("member_logits")
    if logits is None or logits.shape[1] < 2 or not normal.any():
        return float("nan")
    classes = logits[normal].argmax(axis=2)
    pairs = combinations(range(classes.shape[1]), 2)
    return float(np.mean([(classes[:, one] != classes[:, other]).mean() for one, other in pairs]))
