"""The study of localization, as its page cites it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from novelty_maps.maps.names import REFERENCE
from novelty_maps.statistics import RunsInterval
from studies import lookup
from studies.over_runs import over_runs


class LocalizationStudy:
    """Maps against planted novelties over the runs of a study: networks and seeds.

    Args:
        folder: Of the study, with its tables.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = {}
        for name in ("localization_summary", "faithfulness", "randomization", "numbers"):
            table = lookup.read_table(folder, name)
            table.insert(0, "network", [_network(row) for _, row in table.iterrows()])
            self._tables[name] = table

    def networks(self) -> list[str]:
        """Names of the networks, in the order of the table."""
        return list(dict.fromkeys(self._tables["localization_summary"]["network"]))

    def runs(self, network: str) -> int:
        """Number of seeds of a network."""
        return int(self.row(network, REFERENCE)["runs"])

    def table(self, network: str) -> pd.DataFrame:
        """Means and intervals over the seeds in the columns of `metrics/localization.csv`."""
        summary = self._tables["localization_summary"]
        return summary[summary["network"] == network].drop(columns="network")

    def methods(self, network: str, *, control: bool) -> list[str]:
        """Maps of a network, those that look at it or the controls."""
        table = self.table(network)
        return list(dict.fromkeys(table.loc[table["control"] == control, "method"]))

    def groups(self, grouping: str) -> list[str]:
        """Kinds, sizes or intensities."""
        table = self._tables["localization_summary"]
        return list(dict.fromkeys(table.loc[table["grouping"] == grouping, "group"]))

    def row(
        self, network: str, method: str, grouping: str = "all", group: str = "all"
    ) -> "pd.Series[Any]":
        """One row of `table`.

        Raises:
            InputError: There is none, or more than one.
        """
        return lookup.one_row(
            self.table(network),
            {"method": method, "grouping": grouping, "group": group},
            what=f"are {network}, {method}, {grouping} {group}",
        )

    def number(self, network: str, method: str, measure: str, **which: str) -> RunsInterval:
        """A measure of a map over all images, or over those of a grouping and group."""
        return lookup.interval_of(self.row(network, method, **which), measure)

    def headline(self, network: str, metric: str) -> RunsInterval:
        """A number of `metrics/localization.json` or `faithfulness.json`, its keys joined by _."""
        row = lookup.one_row(
            self._tables["numbers"],
            {"network": network, "metric": metric},
            what=f"of numbers are {network}, {metric}",
        )
        return RunsInterval(*row[list(RunsInterval._fields)])

    def randomization(self, network: str) -> pd.DataFrame:
        """Means over the seeds in the columns of `metrics/randomization.csv`."""
        return self._mean(network, "randomization", ["step", "layer", "method"])

    def faithfulness(self, network: str) -> pd.DataFrame:
        """Means over the seeds in the columns of `metrics/faithfulness.csv`."""
        return self._mean(network, "faithfulness", ["method", "measure", "baseline"])

    def area(self, network: str, method: str, measure: str, baseline: str) -> float:
        """Mean area under deletion or insertion over the seeds."""
        areas = self.faithfulness(network).set_index(["method", "measure", "baseline"])["area"]
        return float(areas[(method, measure, baseline)])

    def drop(self, network: str, method: str) -> RunsInterval:
        """Fall of average precision when all layers are re-initialised."""
        own = {"network": network, "method": method}
        rows = lookup.rows_of(self._tables["randomization"], own)
        return over_runs(rows[rows["step"] == rows["step"].max()], "average_precision_drop")

    def _mean(self, network: str, name: str, keys: list[str]) -> pd.DataFrame:
        table = self._tables[name]
        own = table[table["network"] == network]
        return own.groupby(keys, sort=False, dropna=False).mean(numeric_only=True).reset_index()


def _network(row: "pd.Series[Any]") -> str:
    """The network's name; a denoising one is named so."""
    name = json.loads(row.get("train.network", '"lsa"'))
    noise = json.loads(str(row.get("train.noise_std", "0.0")))
    return f"{name}, denoising" if noise else str(name)
