"""Several runs side by side: the settings in which they differ, their numbers, the same images."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from novelty_maps.page.answers import Answer
from novelty_maps.page.tables import Table, run_cells


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
