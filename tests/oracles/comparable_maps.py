"""Pairs of small maps and the table of their comparison."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.tables import compare_maps, reconstruction_loss

SHAPE = (6, 5)
COUNT = 40
NOVEL = np.arange(COUNT) % 4 == 0
K = 7


def maps_of(seed: int, levels: int = 9) -> NDArray[np.float32]:
    """Maps with ties, none of them all zero."""
    maps = np.random.default_rng(seed).integers(0, levels, (COUNT, *SHAPE)).astype(np.float32)
    maps[:, 2, 3] += 1
    return maps


def table_of(r: NDArray[np.float32], s: NDArray[np.float32], *, k: int = K) -> pd.DataFrame:
    """The table of two maps as `summarise` takes it."""
    table, _ = compare_maps(r, s, k=k)
    return table.assign(novel=NOVEL.astype(int), reconstruction_loss=reconstruction_loss(r))
