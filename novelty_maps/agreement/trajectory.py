"""How the comparison of the maps changes while a network is trained: a row per kept epoch."""

from typing import Any

import numpy as np
import pandas as pd

from novelty_maps.agreement.summary import summarise
from novelty_maps.agreement.terms import explain_agreement
from novelty_maps.pipeline import formats


def summary_row(
    table: pd.DataFrame,
    *,
    k: int,
    image_shape: tuple[int, int],
    samples: int,
    generator: np.random.Generator,
) -> dict[str, Any]:
    """The numbers of `metrics/agreement.json` and `metrics/explanation.json` as one flat row.

    Args:
        table: As `tables.image_table` returns it.
        k: The K that the table was made with.
        image_shape: Height and width.
        samples: Bootstrap samples.
        generator: Source of randomness.

    Returns:
        Column to value, as of `formats.flatten`.
    """
    numbers = summarise(table, k=k, image_shape=image_shape, samples=samples, generator=generator)
    explanation = explain_agreement(table, samples=samples, generator=generator)
    return formats.flatten(numbers) | formats.flatten(explanation)
