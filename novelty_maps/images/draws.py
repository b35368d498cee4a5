"""Draws of images for a part of the split; images that show the same thing go together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline.errors import InputError

OPEN = "split.protocol open_60_20_20"

_REMEDIES = {
    "split.test_fraction": "change it or take more images",
    "split.validation_fraction": "change it or take more images",
    OPEN: "take more images, or use split.protocol one_class with other fractions",
}


def draw(
    rows: NDArray[np.intp],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
    fraction: float,
    seed: int,
    key: str,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw a fraction of the images, stratified by label; whole groups where there are any.

    Args:
        rows: (M,) rows to draw from.
        labels: (N,) label of each row.
        groups: (N,) group of each row, or None where each is a group of its own.
        fraction: Share to draw, in (0, 1).
        seed: Seed of the draw.
        key: What the fraction is called, for messages.

    Returns:
        The rows that are left and those that are drawn.

    Raises:
        InputError: The images are too few for a class to be in both.
    """
    from sklearn.model_selection import train_test_split

    if groups is not None:
        return draw_groups(rows, labels, groups, fraction, seed)
    try:
        kept, drawn = train_test_split(
            rows, test_size=fraction, stratify=labels[rows], random_state=seed
        )
    except ValueError as error:
        raise InputError(
            f"{key} takes a share of {fraction:g}, which leaves a part of the {len(rows)} images"
            f" without some class ({error}): {_REMEDIES[key]}"
        ) from None
    return kept, drawn


def require_apart(
    groups: NDArray[np.int64], official_part: NDArray[np.str_], names: Sequence[str]
) -> None:
    """Raise InputError if a group has images of the official training and test part alike.

    Args:
        groups: (N,) group of each image.
        official_part: (N,) "train", "test" or "none".
        names: Name of each group; where there are none, its number stands for it.
    """
    both = np.intersect1d(groups[official_part == "train"], groups[official_part == "test"])
    if both.size:
        name = repr(names[both[0]]) if len(names) else both[0]
        raise InputError(
            f"group {name} has images in train and in test, so that test images are known from"
            f" training ({both.size} such): move them, correct data.groups or use"
            " split.protocol open_60_20_20"
        )


def draw_groups(
    rows: NDArray[np.intp],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    fraction: float,
    seed: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw whole groups that have about a fraction of the images of each label.

    The groups come in random order, and each is drawn that brings the shares of the labels nearer
    to the fraction, in squares summed over labels. (scikit-learn's StratifiedGroupKFold makes equal
    folds only, its GroupShuffleSplit knows no labels.)

    Args and what is returned are those of `draw`.
    """
    numbers, unique = pd.factorize(groups[rows])
    kinds = np.unique(labels[rows], return_inverse=True)[1]
    shares = np.zeros((len(unique), kinds.max() + 1))
    np.add.at(shares, (numbers, kinds), 1)
    shares /= shares.sum(axis=0)
    missing, drawn = np.full(shares.shape[1], fraction), np.zeros(len(unique), np.bool_)
    for group in np.random.default_rng(seed).permutation(len(unique)):
        after = missing - shares[group]
        if after @ after < missing @ missing:
            missing, drawn[group] = after, True
    return rows[~drawn[numbers]], rows[drawn[numbers]]
