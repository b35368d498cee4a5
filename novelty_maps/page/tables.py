"""The tables that readers sort: maps and detectors, all numbers as in the tables of the run."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from novelty_maps.figures.shown import over_all
from novelty_maps.figures.style import in_words
from novelty_maps.maps.names import CONTROLS, DETECTORS, short_name

_MAPS = {
    "average_precision": "average precision",
    "aupro": "AUPRO",
    "auroc": "AUROC",
    "pointing_game": "pointing game",
    "pooled_average_precision": "pooled AP",
    "image_auroc": "image AUROC",
}
_DETECTORS = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "fpr_at_95_tpr": "FPR at 95% TPR",
}


class Cell(NamedTuple):
    """What stands in a cell.

    Attributes:
        text: As it is read; "–" where the number is undefined.
        order: The number by which it is sorted, from which nothing is rounded; NaN where it is
            undefined, None for text.
        interval: Its 95% interval, empty without one.
    """

    text: str
    order: float | None = None
    interval: str = ""


class Table(NamedTuple):
    """A table with its caption.

    Attributes:
        name: Its id on the page.
        caption: What it has.
        heads: Columns; the first ones are text.
        rows: Cells of each row.
    """

    name: str
    caption: str
    heads: list[str]
    rows: list[list[Cell]]


def maps_table(table: pd.DataFrame) -> Table:
    """How well each map finds novelties, over all images.

    Args:
        table: `metrics/localization.csv`.
    """
    measures = {name: label for name, label in _MAPS.items() if name in table}
    rows = over_all(table).sort_values("average_precision", ascending=False, kind="stable")
    runs = run_columns(table)
    return Table(
        "maps",
        "Maps: how well each finds novelties of known place, over all of these images",
        [*runs, "map", "sees", *measures.values()],
        [
            [
                *run_cells(row, runs),
                *(Cell(short_name(row["method"])), Cell(_sees(row["method"]))),
                *_cells(row, measures),
            ]
            for _, row in rows.iterrows()
        ],
    )


def detectors_table(table: pd.DataFrame) -> Table:
    """How well each detector tells novel images, of all novel classes.

    Args:
        table: `metrics/detection.csv`.
    """
    measures = {name: label for name, label in _DETECTORS.items() if name in table}
    rows = table[table["novel_class"] == "all"]
    rows = rows.sort_values("auroc", ascending=False, kind="stable")
    texts = ("representation", "detector", "labels")
    runs = run_columns(table)
    return Table(
        "detectors",
        "Detectors: how well each tells novel images; labels are the novel images it was told of",
        [*runs, *texts, *measures.values()],
        [
            [
                *run_cells(row, runs),
                *(Cell(in_words(str(row[name]))) for name in texts),
                *_cells(row, measures),
            ]
            for _, row in rows.iterrows()
        ],
    )


def plain(value: Any) -> str:
    """A setting as it is read; tables of several runs have some as JSON."""
    if value is None or value is pd.NA:
        return "–"
    if isinstance(value, float):
        return "–" if np.isnan(value) else f"{value:g}"
    try:
        return _plain(json.loads(value), text=value) if isinstance(value, str) else _plain(value)
    except ValueError:  # a text that is no JSON
        return str(value)


def _plain(value: Any, *, text: str | None = None) -> str:
    """A value of JSON in words; numbers as they are written in a text."""
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if value is None:
        return "none"
    return value if isinstance(value, str) else text or str(value)


def run_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a table of several runs that say which one: its name and its settings."""
    return [str(name) for name in table if name == "run" or "." in str(name)]


def run_cells(row: "pd.Series[Any]", columns: Sequence[str]) -> list[Cell]:
    """What these columns say in a row."""
    return [Cell(plain(row[column])) for column in columns]


def _sees(method: str) -> str:
    if method in CONTROLS:
        return "no network"
    return "a network of its own" if method in DETECTORS else "the autoencoder"


def _cells(row: "pd.Series[Any]", measures: Sequence[str] | dict[str, str]) -> list[Cell]:
    return [interval_cell(row, measure, bounded=True) for measure in measures]


def interval_cell(row: "pd.Series[Any]", measure: str, *, bounded: bool = False) -> Cell:
    """A number of a row, with its interval if its columns are known.

    Args:
        row: The row.
        measure: Its column; the interval's are MEASURE`_low` and MEASURE`_high`.
        bounded: Whether the number lies between 0 and 1, and so its interval; that over a few runs
            is wider.
    """
    value, low, high = (row.get(f"{measure}{end}") for end in ("", "_low", "_high"))
    if pd.isna(value):
        return Cell("–", np.nan)
    known = not (pd.isna(low) or pd.isna(high))
    if known and bounded:
        low, high = np.clip([low, high], 0, 1)
    return Cell(f"{value:.3f}", float(value), f"{low:.3f} to {high:.3f}" if known else "")
