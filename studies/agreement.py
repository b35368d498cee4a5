"""The studies of agreement, as the question's page cites them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from novelty_maps.statistics.over_runs import RunsInterval
from studies import authors, findings, lookup

EPOCHS = (1, 2, 5, 10, 20, 50, 75, *range(100, 501, 50))  # that are shown
_BATCH_NORM_EPOCHS = (10, 20, 40, 59)  # of the study batch-norm: kept with their neighbours


class AgreementStudies:
    """All studies of agreement below a folder, looked up by study, metric and settings.

    Args:
        folder: One subfolder a study.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def table(self, study: str, name: str = "summary", **settings: Any) -> pd.DataFrame:
        """Rows of a study's table with the given settings, each named without its section."""
        table = lookup.read_table(self._folder / study, name)
        for setting, value in settings.items():
            (column,) = (c for c in map(str, table) if c.endswith(f".{setting}"))
            table = table[table[column].astype(str) == json.dumps(value)]
        return table

    def number(self, study: str, metric: str, **settings: Any) -> RunsInterval:
        """One metric of one configuration."""
        row = lookup.one_row(
            self.table(study, **settings),
            {"metric": metric},
            what=f"of {study} are {metric} with {settings}",
        )
        return RunsInterval(*row[list(RunsInterval._fields)])

    def networks(self) -> pd.DataFrame:
        """The authors' networks and ours in their setting, as of `authors.with_networks`.

        A row a network, that is a run after an epoch, with its numbers at K = 10.
        """
        parts = [
            self.table(study, "trajectory") for study in ("authors-weights", "authors-setting")
        ]
        networks = pd.concat([authors.with_networks(part) for part in parts], ignore_index=True)
        return networks.copy()  # of few blocks, from which rows are taken fast

    def smoothed(self) -> pd.DataFrame:
        """The same at `EPOCHS` alone, neighbouring epochs averaged (`authors.near`)."""
        networks = self.networks()
        parts = [authors.near(networks, epoch) for epoch in EPOCHS]
        return pd.concat([part for part in parts if len(part)], ignore_index=True)

    def last_networks(self) -> pd.DataFrame:
        """The last network of each of these runs: runs are counted, not their epochs."""
        return authors.last_rows(self.networks())

    def both_statistics(self, measure: str) -> pd.DataFrame:
        """A measure along trainings evaluated with both kinds of batch norm's statistics.

        Args:
            measure: Column of `metrics/trajectory.csv`.

        Returns:
            A row a training and epoch, neighbouring epochs averaged: `learning_rate`, `epoch`,
            `seed`, and the measure as `precise` and as `running`.
        """
        run = ["learning_rate", "seed"]
        table = self.table("batch-norm", "trajectory").rename(columns=lambda c: c.split(".")[-1])
        needed = table[[*run, "running", "epoch", measure]]
        kinds = [needed[needed["running"] == kind] for kind in (0, 1)]
        precise, running = (
            pd.concat([authors.near(rows, epoch, run) for epoch in _BATCH_NORM_EPOCHS])
            for rows in kinds
        )
        keys = ["learning_rate", "epoch", "seed"]
        both = precise.merge(running, on=keys, suffixes=("_precise", "_running"))
        named = {f"{measure}_{kind}": kind for kind in ("precise", "running")}
        return both.rename(columns=named)[[*keys, *named.values()]].sort_values(keys)

    def class_sets(self) -> list[dict[str, Any]]:
        """A row for each set of normal classes: its run's metrics, `classes`, `normal_digits`."""
        seed_0 = self.table("seeds", "runs", k=10, seed=0).to_dict("records")
        others = self.table("classes", "runs").to_dict("records")
        rows = []
        for run in (*seed_0, *others):
            row: dict[str, Any] = {str(key): value for key, value in run.items()}
            classes = str(row.get("split.normal_classes", "[0, 1, 2, 3, 4]")).strip("[]")
            rows.append(row | {"classes": classes, "normal_digits": classes.count(",") + 1})
        return rows

    def role_table(self, digits: int | None = None) -> pd.DataFrame:
        """`metrics/by_class.csv` of the runs of `class_sets`, one below the other.

        Args:
            digits: Of the runs with so many normal digits; of all by default.
        """
        seed_0 = self.table("seeds", "by_class", k=10, seed=0)
        table = pd.concat([seed_0, self.table("classes", "by_class")])
        normal = (table["novel"] == 0).groupby(table["run"]).transform("sum")
        return table if digits is None else table[normal == digits]

    def verdicts(self) -> list[findings.Verdict]:
        """Each finding asked of the last network of each run."""
        return findings.judge(self.last_networks())
