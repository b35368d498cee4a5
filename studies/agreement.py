"""The studies of agreement, as the question's page cites them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from novelty_maps.statistics import RunsInterval
from studies import findings, lookup


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

    def chosen_rate(self) -> float:
        """The learning rate with the lowest loss on normal validation images."""
        runs = self.table("learning-rates", "runs")
        best = runs.sort_values("validation_loss").iloc[0]
        return float(best["train.learning_rate"])

    def networks(self) -> pd.DataFrame:
        """A row for every network that was evaluated at K = 10 on the paper's classes.

        The studies share networks, the first epochs of a long run above all: each counts once.
        """
        settings = {
            "train.learning_rate": self.chosen_rate(),
            "train.seed": 0,
            "train.noise_std": 0.0,
        }
        parts = [
            self.table("learning-rates", "trajectory"),
            self.table("seeds", "trajectory", k=10),
            self.table("trajectories", "trajectory"),
        ]
        networks = pd.concat(parts, ignore_index=True).fillna(settings)
        return networks.drop_duplicates([*settings, "epoch"], ignore_index=True)

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

    def role_table(self) -> pd.DataFrame:
        """`metrics/by_class.csv` of the runs of `class_sets`, one below the other."""
        seed_0 = self.table("seeds", "by_class", k=10, seed=0)
        return pd.concat([seed_0, self.table("classes", "by_class")])

    def verdicts(self) -> list[findings.Verdict]:
        """Each finding asked of all networks."""
        return findings.judge(self.networks())
