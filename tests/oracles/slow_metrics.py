"""Every metric a second time, straight from its definition and as slowly as it likes.

Nothing here is shared with the code under test: loops over pixels and pairs, sorted lists, sets.
A map is one (H, W) array, a result is a plain number or list.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist


def top_pixels(map_: NDArray[np.float32], k: int) -> list[int]:
    """Flat indices of the k highest values, highest first, ties by lowest index."""
    values = [float(value) for row in map_ for value in row]
    return sorted(range(len(values)), key=lambda index: (-values[index], index))[:k]


def tied_at(map_: NDArray[np.float32], k: int) -> bool:
    """Whether the K-th and the next value are equal."""
    values = sorted((float(value) for row in map_ for value in row), reverse=True)
    return k < len(values) and values[k - 1] == values[k]


def agreement(a: NDArray[np.float32], b: NDArray[np.float32], k: int) -> int:
    """Size of the intersection of both top-K sets."""
    return len(set(top_pixels(a, k)) & set(top_pixels(b, k)))


def distances(
    reference: NDArray[np.float32], other: NDArray[np.float32], k: int
) -> tuple[float, float]:
    """Maximum and mean distance from the top K of the reference to the nearest of the other's."""
    return set_distances(top_pixels(reference, k), top_pixels(other, k), width=reference.shape[1])


def set_distances(
    reference: Sequence[int], other: Sequence[int], *, width: int
) -> tuple[float, float]:
    """The same for two sets of flat indices."""
    table = cdist(
        [(index // width, index % width) for index in reference],
        [(index // width, index % width) for index in other],
    )
    nearest = [min(row) for row in table]
    return max(nearest), math.fsum(nearest) / len(nearest)


def scaled_map_errors(
    reconstruction_error: NDArray[np.float32], saliency: NDArray[np.float32]
) -> tuple[float, float]:
    """Mean squared difference of scaled r to scaled s and to its square; NaN for a zero map."""
    r = [float(value) for row in reconstruction_error for value in row]
    s = [float(value) for row in saliency for value in row]
    if max(r) == 0 or max(s) == 0:
        return math.nan, math.nan
    r = [value / max(r) for value in r]
    s = [value / max(s) for value in s]
    plain = math.fsum((a - b) * (a - b) for a, b in zip(r, s, strict=True)) / len(r)
    squared = math.fsum((a - b * b) * (a - b * b) for a, b in zip(r, s, strict=True)) / len(r)
    return plain, squared


def _wins(a: float, b: float) -> float:
    return 1.0 if a > b else 0.5 if a == b else 0.0


def auroc(novel: Sequence[bool], score: Sequence[float]) -> float:
    """Share of (novel, normal) pairs in which the novel score is higher, ties one half."""
    positive = [s for s, is_novel in zip(score, novel, strict=True) if is_novel]
    negative = [s for s, is_novel in zip(score, novel, strict=True) if not is_novel]
    pairs = [_wins(p, q) for p in positive for q in negative]
    return math.fsum(pairs) / len(pairs)


def delong_variance(novel: Sequence[bool], score: Sequence[float]) -> float:
    """Variance of the AUROC from the structural components of DeLong et al. (1988)."""
    positive = [s for s, is_novel in zip(score, novel, strict=True) if is_novel]
    negative = [s for s, is_novel in zip(score, novel, strict=True) if not is_novel]
    m, n = len(positive), len(negative)
    area = auroc(novel, score)
    v10 = [math.fsum(_wins(p, q) for q in negative) / n for p in positive]
    v01 = [math.fsum(_wins(p, q) for p in positive) / m for q in negative]
    s10 = math.fsum((v - area) ** 2 for v in v10) / (m - 1)
    s01 = math.fsum((v - area) ** 2 for v in v01) / (n - 1)
    return s10 / m + s01 / n


def rank_biserial(first: Sequence[float], second: Sequence[float]) -> float:
    """P(first > second) − P(first < second), counted over all pairs."""
    signs = [(a > b) - (a < b) for a in first for b in second]
    return sum(signs) / len(signs)


def shuffled_agreements(
    error: NDArray[np.float32],
    direct: NDArray[np.float32],
    indirect: NDArray[np.float32],
    k: int,
) -> list[int]:
    """Agreement of r with |d + i′| for i′ in every order of the pixels of i."""
    orders = itertools.permutations(indirect.ravel().tolist())
    terms = (np.array(order, np.float32).reshape(direct.shape) for order in orders)
    return [agreement(error, np.abs(direct + term), k) for term in terms]


def other_image_agreements(
    place: int,
    novel: Sequence[bool],
    error: NDArray[np.float32],
    direct: NDArray[np.float32],
    indirect: NDArray[np.float32],
    k: int,
) -> list[int]:
    """Agreement of r with |d + i′| in one of many images, for i′ of each other one of its kind."""
    found = []
    for other, term in enumerate(indirect):
        if other == place or novel[other] != novel[place]:
            continue
        norm = math.sqrt(math.fsum(float(v) ** 2 for v in indirect[place].ravel()))
        other_norm = math.sqrt(math.fsum(float(v) ** 2 for v in term.ravel()))
        ratio = norm / other_norm if other_norm > 0 else 0.0
        scaled = [[float(v) * ratio for v in row] for row in term]
        gradient = direct[place] + np.array(scaled, np.float32)
        found.append(agreement(error[place], np.abs(gradient), k))
    return found
