"""How unusual new images and their pixels are among normal images that were not trained on."""

import numpy as np
from numpy.typing import NDArray


def p_values(
    scores: NDArray[np.float64], normal_scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Conformal p-values of "this image is normal" (Vovk et al. 2005; Bates et al. 2023).

    A new normal image has p ≤ α with a chance of at most α, whatever the score and the network, if
    it is exchangeable with the validation images. Nearly so where these have also chosen the epoch
    of the network. Several images at once need a correction.

    Args:
        scores: (N,) novelty scores, higher = more novel.
        normal_scores: (M,) of normal images that the network was not trained on.

    Returns:
        (N,) (1 + number of normal images with at least this score) / (1 + M).
    """
    ascending = np.sort(normal_scores)
    at_least = len(ascending) - np.searchsorted(ascending, scores, side="left")
    p: NDArray[np.float64] = (1 + at_least) / (1 + len(ascending))
    return p


def pixel_threshold(normal_maps: NDArray[np.floating], *, false_positive_rate: float) -> float:
    """The lowest value that no more than this share of the pixels of normal images exceeds.

    Args:
        normal_maps: Maps of normal images that the network was not trained on, of any shape.
        false_positive_rate: Share of their pixels that may be marked, in (0, 1).
    """
    values = np.sort(normal_maps, axis=None)
    exceeding = int(np.floor(false_positive_rate * values.size + 1e-9))
    return float(values[values.size - 1 - exceeding])
