"""The nulls of all images at once."""

import numpy as np
from numpy.typing import NDArray

from novelty_maps.agreement.null import null_steps, others_of_kind


def all_null_steps(
    top_error: NDArray[np.int32],
    direct: NDArray[np.float32],
    indirect: NDArray[np.float32],
    novel: NDArray[np.bool_],
    *,
    generator: np.random.Generator,
) -> dict[str, NDArray[np.uint8]]:
    """`null_steps` of images whose others are drawn among themselves."""
    others = others_of_kind(novel, generator)
    return null_steps(top_error, direct, indirect, indirect[others], generator=generator)
