"""Several runs side by side: the settings in which they differ, their numbers, the same images."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from novelty_maps.figures.style import in_words
from novelty_maps.page.answers import Answer
from novelty_maps.page.tables import Table, plain, run_cells, run_columns

_LONGEST = 40  # characters of a setting in a label


class ComparedPage(NamedTuple):
    """All that a page of several runs shows.

    Attributes:
        title: What is asked.
        facts: What it is of, in words.
        settings: A row a run, the settings in which they differ.
        answers: A number of each configuration.
        left_out: What is not shown, and why.
        images: As of `same_images.same_images`; None without.
        tables: What readers sort.
        shared: Settings that all runs have, by section.
    """

    title: str
    facts: Mapping[str, str]
    settings: Table
    answers: list[Answer]
    left_out: list[str]
    images: dict[str, Any] | None
    tables: list[Table]
    shared: Mapping[str, Mapping[str, Any]]

    @property
    def template(self) -> str:
        """As of `render.Page`."""
        return "compared.html"

    def held(self) -> dict[str, Any]:
        """As of `render.Page`."""
        return {"compared": self.images, "charts": {}, "rows": {}}


def settings_table(settings: pd.DataFrame) -> Table:
    """The settings in which runs differ, a row a run.

    Args:
        settings: `run`, and a column a setting.
    """
    names = [str(name) for name in settings]
    return Table(
        "settings",
        "Settings in which the runs differ" if len(names) > 1 else "The runs have equal settings",
        names,
        [run_cells(row, names) for _, row in settings.iterrows()],
    )


def labels(table: pd.DataFrame) -> "pd.Series[str]":
    """What each row's settings are, in few words; empty where the table has none.

    A setting is called by its key, with its section where two have the same. Seeds are left out
    where the rows differ without them, and so are settings with long values.
    """
    names = [name for name in run_columns(table) if name != "run"]
    distinct = len(table[names].drop_duplicates()) if names else 1
    for long in (
        [name for name in names if name.endswith(".seed")],
        [name for name in names if table[name].map(plain).str.len().max() > _LONGEST],
    ):
        fewer = [name for name in names if name not in long]
        if long and fewer and len(table[fewer].drop_duplicates()) == distinct:
            names = fewer
    keys = {name: name.partition(".")[2] for name in names}
    count = Counter(keys.values())
    said = {n: in_words(key if count[key] == 1 else n.replace(".", " ")) for n, key in keys.items()}
    words = [
        ", ".join(f"{said[name]} {plain(row[name])}" for name in names)
        for _, row in table.iterrows()
    ]
    return pd.Series(words, index=table.index, dtype=str)
