"""Speed of agreement and distance: array operations against a loop over images.

    python -m benchmarks.agreement

The loop sorts each image's two maps with argsort, intersects sets and takes the distances from
scipy.spatial.distance. The curve over K is one pass here and one pass a K there. Both sides work
on the same maps in turns, and their results are compared.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Annotated

import numpy as np
import typer
from scipy.spatial.distance import cdist

from novelty_maps.agreement.curves import agreement_curve, distance_curve
from novelty_maps.maps.ranking import top_pixels


def loop(r: np.ndarray, s: np.ndarray, k: int) -> tuple[list[int], list[float]]:
    """Agreement and maximum distance to best match, image by image."""
    width = r.shape[2]
    agreements, distances = [], []
    for r_map, s_map in zip(r, s, strict=True):
        top_r = np.argsort(-r_map.ravel(), kind="stable")[:k]
        top_s = np.argsort(-s_map.ravel(), kind="stable")[:k]
        agreements.append(len(set(top_r) & set(top_s)))
        table = cdist(
            np.column_stack(np.divmod(top_s, width)), np.column_stack(np.divmod(top_r, width))
        )
        distances.append(table.min(axis=1).max())
    return agreements, distances


def arrays(r: np.ndarray, s: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same for all images at once, for every K up to k."""
    top_r, top_s = top_pixels(r, k), top_pixels(s, k)
    curve = agreement_curve(top_r, top_s, r[0].size)
    return curve, distance_curve(top_s, top_r, r.shape[2]).maximum


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main(
    count: Annotated[int, typer.Option(help="Number of images.")] = 10_000,
    k: Annotated[int, typer.Option(help="The K.")] = 10,
    k_max: Annotated[int, typer.Option(help="Last K of the curve.")] = 100,
    repeats: Annotated[int, typer.Option(help="Turns of each side.")] = 5,
) -> None:
    """Print seconds and ratio of both sides, for one K and for the curve."""
    generator = np.random.default_rng(0)
    r = generator.random((count, 28, 28), dtype=np.float32) ** 4
    s = np.abs(r + generator.normal(0, 0.2, r.shape).astype(np.float32))
    r[:, :4] = s[:, :4] = 0  # an empty border, with ties
    expected, (curve, distance) = loop(r, s, k), arrays(r, s, k)
    np.testing.assert_array_equal(expected[0], curve[:, k - 1])
    np.testing.assert_allclose(expected[1], distance[:, k - 1], rtol=1e-6)

    turns = [
        (seconds(lambda: loop(r, s, k)), seconds(lambda: arrays(r, s, k))) for _ in range(repeats)
    ]
    ratios = [a / b for a, b in turns]
    print(
        f"K = {k}, {count} images: loop {median(a for a, _ in turns):.3f} s,"
        f" arrays {median(b for _, b in turns):.3f} s,"
        f" ratio median {median(ratios):.1f}, from {min(ratios):.1f} to {max(ratios):.1f}"
    )
    few_r, few_s = r[:200], s[:200]
    each_k = seconds(lambda: [loop(few_r, few_s, j) for j in range(1, k_max + 1)])
    one_pass = seconds(lambda: arrays(few_r, few_s, k_max))
    print(
        f"K = 1..{k_max}, 200 images: loop {each_k:.2f} s, one pass {one_pass:.3f} s,"
        f" ratio {each_k / one_pass:.0f}"
    )


if __name__ == "__main__":
    typer.run(main)
