"""What the stage `localization.faithfulness` writes: three tables and the headline numbers."""

from pathlib import Path

import pandas as pd

from novelty_maps.pipeline import formats

FAITHFULNESS = Path("metrics/faithfulness.csv")
RANDOMIZATION = Path("metrics/randomization.csv")
REINITIALISED = Path("metrics/reinitialised.csv")
FAITHFULNESS_METRICS = Path("metrics/faithfulness.json")
_MADE_BY = "localization.faithfulness"


def read_faithfulness() -> pd.DataFrame:
    """The areas under the curves of deletion and insertion, as of `tables.deletion_table`.

    Raises:
        InputError: The file is missing or damaged, or lacks a column.
    """
    columns = ["method", "measure", "baseline", "area", "area_low", "area_high"]
    return formats.read_table(FAITHFULNESS, columns=columns, made_by=_MADE_BY)


def read_randomization() -> pd.DataFrame:
    """The maps along the randomization of layers, as of `tables.randomization_table`.

    Raises:
        InputError: The file is missing or damaged, or lacks a column.
    """
    columns = ["step", "layer", "method", "spearman", "ssim", "average_precision"]
    return formats.read_table(RANDOMIZATION, columns=columns, made_by=_MADE_BY)
