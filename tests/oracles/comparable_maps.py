"""Pairs of small maps and the table of their comparison."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.agreement.ranks import Ranks, rank_maps
from novelty_maps.agreement.tables import image_table

SHAPE = (6, 5)
COUNT = 40
NOVEL = np.arange(COUNT) % 4 == 0
K = 7


def maps_of(seed: int, levels: int = 9) -> NDArray[np.float32]:
    """Maps with ties, none of them all zero."""
    maps = np.random.default_rng(seed).integers(0, levels, (COUNT, *SHAPE)).astype(np.float32)
    maps[:, 2, 3] += 1
    return maps


def rows_of(count: int = COUNT) -> pd.DataFrame:
    """Rows of the index table, with columns that are not asked for as well."""
    row = np.arange(count)
    columns = {"source_row": row + 100, "label": row % 8, "novel": NOVEL[:count].astype(int)}
    return pd.DataFrame({"part": "test", "row": row, **columns})


def ranks_of(r: NDArray[np.float32], s: NDArray[np.float32]) -> Ranks:
    """What is kept of two maps; the terms are made of them."""
    maps = {"reconstruction_error": r, "saliency": s, "direct_term": r, "indirect_term": s - r}
    return rank_maps(maps, NOVEL[: len(r)], generator=np.random.default_rng(3))


def table_of(r: NDArray[np.float32], s: NDArray[np.float32], *, k: int = K) -> pd.DataFrame:
    """The table of two maps as `summarise` takes it."""
    return image_table(ranks_of(r, s), rows_of(len(r)), k=k, width=r.shape[2])
