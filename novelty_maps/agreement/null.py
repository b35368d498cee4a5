"""How much agreement any indirect term of that size would leave: two nulls, image by image.

The saliency map is |d + i|, the direct and the indirect term of the gradient together, and the
larger i is beside d, the more pixels it moves out of the top K, wherever it lies. A null puts
another term i′ of the same norm in its place, so that the share of the indirect term stays as it
is and only its place is left to chance: *shuffled*, the image's own term with its pixels permuted
(`shuffled_term`), and *other image*, the term of another image of the same kind, normal or novel,
scaled to the norm of the own one (`other_image_term`), which keeps how such terms look. Both are
this project's own. Agreement that depended on the share alone would be that of the nulls. An image
has one draw of each, as noisy as its agreement, so that correlations with both compare.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.curves import agreement_steps
from novelty_maps.maps.ranking import top_pixels

NULLS = ["shuffled_agreement", "other_image_agreement"]


def null_steps(
    top_error: NDArray[np.int32],
    direct_term: NDArray[np.float32],
    indirect_term: NDArray[np.float32],
    other: NDArray[np.float32],
    *,
    generator: np.random.Generator,
) -> dict[str, NDArray[np.uint8]]:
    """By how much the top-K agreement of r with |d + i′| grows at each K.

    Images can be given a few at a time, in order: the generator goes on from one to the next.

    Args:
        top_error: `top_pixels` of r, all of them: (N, n).
        direct_term: d = 2e/n, (N, H, W) float32.
        indirect_term: i = −(2/n) Jᵀe, (N, H, W) float32.
        other: The indirect term of each one's `others_of_kind`, (N, H, W) float32.
        generator: Source of randomness.

    Returns:
        Each of `NULLS`, (N, n) uint8 as of `curves.agreement_steps`.
    """
    drawn = (shuffled_term(indirect_term, generator), other_image_term(indirect_term, other))
    return {
        name: agreement_steps(top_error, top_pixels(np.abs(direct_term + term)), top_error.shape[1])
        for name, term in zip(NULLS, drawn, strict=True)
    }


def null_agreements(
    steps: Mapping[str, NDArray[np.uint8]], novel: NDArray[np.bool_], *, k: int
) -> pd.DataFrame:
    """Top-K agreement of r with |d + i′|.

    Args:
        steps: As `null_steps` returns them.
        novel: (N,) bool.
        k: The K, in 1..n.

    Returns:
        A row per image, `NULLS` in pixels, 0..K: `shuffled_agreement`, and
        `other_image_agreement`, NaN for an image that is the only one of its kind.
    """
    table = pd.DataFrame({name: steps[name][:, :k].sum(axis=1, dtype=np.float64) for name in NULLS})
    for kind in (False, True):
        if (novel == kind).sum() == 1:
            table.loc[novel == kind, "other_image_agreement"] = np.nan
    return table


def shuffled_term(
    indirect_term: NDArray[np.float32], generator: np.random.Generator
) -> NDArray[np.float32]:
    """The pixels of each image's term in random order, (N, H, W) float32 as they came."""
    flat = indirect_term.reshape(len(indirect_term), -1)
    shuffled: NDArray[np.float32] = generator.permuted(flat, axis=1)
    return shuffled.reshape(indirect_term.shape)


def other_image_term(
    indirect_term: NDArray[np.float32], other: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The term of another image, scaled to the norm of the own one.

    Args:
        indirect_term: The images' own terms, (N, H, W) float32.
        other: A term of another image for each, (N, H, W) float32.

    Returns:
        (N, H, W) float32, zero where one of the two norms is zero.
    """
    own, flat = (v.reshape(len(v), -1).astype(np.float64) for v in (indirect_term, other))
    norm, other_norm = (np.linalg.norm(v, axis=1, keepdims=True) for v in (own, flat))
    scale = np.divide(norm, other_norm, out=np.zeros_like(norm), where=other_norm > 0)
    scaled: NDArray[np.float32] = (scale * flat).astype(np.float32)
    return scaled.reshape(indirect_term.shape)


def others_of_kind(novel: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.intp]:
    """Another image of the same kind for each, each as likely; (N,) places in `novel`.

    An image that is the only one of its kind has its own place.
    """
    others = np.arange(len(novel))
    for kind in (False, True):
        (members,) = np.nonzero(novel == kind)
        count = len(members)
        if count > 1:
            steps = generator.integers(1, count, count)
            others[members] = members[(np.arange(count) + steps) % count]
    return others
