"""Which images show the same thing, and so are one observation."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def groups_of(table: pd.DataFrame) -> NDArray[np.int64] | None:
    """The column `group` of a table of images, (N,); None where each is a group of its own."""
    return table["group"].to_numpy(np.int64) if "group" in table else None


def group_numbers(groups: ArrayLike | None, images: int) -> NDArray[np.intp]:
    """The group of each image as a number, 0, 1, … in the order in which groups appear.

    Args:
        groups: (N,), or None where each image is a group of its own.
        images: N.
    """
    return np.arange(images) if groups is None else pd.factorize(np.asarray(groups))[0]


def shared(groups: ArrayLike | None, images: int) -> NDArray[np.intp] | None:
    """`group_numbers` where a group has two images or more, else None."""
    numbers = group_numbers(groups, images)
    return numbers if numbers.max(initial=-1) + 1 < images else None


def group_means(values: ArrayLike, groups: ArrayLike | None) -> NDArray[np.float64]:
    """Mean of each group, for tests that take independent values.

    Args:
        values: (N,); NaN is left out.
        groups: (N,), or None where each image is a group of its own.

    Returns:
        (G,) in the order in which groups appear; NaN for a group without a value.
    """
    single = np.asarray(values, np.float64)
    numbers = group_numbers(groups, single.size)
    defined = ~np.isnan(single)
    count = int(numbers.max(initial=-1)) + 1
    sums = np.bincount(numbers[defined], single[defined], minlength=count)
    sizes = np.bincount(numbers[defined], minlength=count)
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = sums / sizes
    return means
