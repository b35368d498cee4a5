"""Reading a study's tables in studies/results, and single rows and numbers of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from novelty_maps.pipeline.errors import InputError
from novelty_maps.statistics.over_runs import RunsInterval

_TEXT = ("split.normal_classes", "labels", "novel_class", "group")


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """One table of a study.

    Args:
        folder: Of the study, as `python -m studies compare` wrote it.
        name: Of the table.

    Raises:
        InputError: It does not exist.
    """
    file = folder / f"{name}.csv"
    if not file.exists():
        raise InputError(f"{file} does not exist: run `make {folder.name}`")
    return pd.read_csv(file, dtype=dict.fromkeys(_TEXT, str), keep_default_na=False, na_values=[""])


def rows_of(table: pd.DataFrame, which: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with the given values, by column."""
    keep = np.ones(len(table), bool)
    for column, value in which.items():
        keep &= (table[column] == value).to_numpy()
    return table[keep]


def one_row(table: pd.DataFrame, which: Mapping[str, Any], *, what: str) -> "pd.Series[Any]":
    """The one row with the given values.

    Raises:
        InputError: There is none, or more than one; `what` is said of them.
    """
    rows = rows_of(table, which)
    if len(rows) != 1:
        raise InputError(f"{len(rows)} rows {what}")
    return rows.iloc[0]


def interval_of(row: "pd.Series[Any]", measure: str) -> RunsInterval:
    """A measure of a row with its interval, from the columns `over_runs` gives it."""
    estimate, low, high, sd = (
        float(row[f"{measure}{end}"]) for end in ("", "_low", "_high", "_sd")
    )
    return RunsInterval(estimate, low, high, sd, int(row["runs"]))
