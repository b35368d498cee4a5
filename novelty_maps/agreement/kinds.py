"""The two kinds of test image, which every table tells apart."""

import pandas as pd

KINDS = ("normal", "novel")  # a kind's place is its value in the column `novel`


def normal_and_novel(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each kind of image, by its name.

    Args:
        table: A row per image, with the column novel (0 or 1).
    """
    return {kind: table[table["novel"] == novel] for novel, kind in enumerate(KINDS)}
