"""The study of localization, as its page cites it."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from novelty_maps.maps.names import REFERENCE
from novelty_maps.pipeline.errors import InputError
from novelty_maps.statistics.over_runs import RunsInterval
from studies import lookup
from studies.authors import network_of, settings_of
from studies.over_runs import over_runs


class LastNetwork(NamedTuple):
    """The last network of a run in the authors' setting.

    Attributes:
        study: That it is in.
        name: As of `authors.Network`.
    """

    study: "EachRun"
    name: str


def last_networks(studies: "Sequence[EachRun]") -> list[LastNetwork]:
    """The networks of the largest epoch of each run, in the order of the studies."""
    found: dict[tuple[int, str], LastNetwork] = {}
    epochs: dict[tuple[int, str], int] = {}
    for place, study in enumerate(studies):
        for name in study.networks():
            run, _, epoch = name.rpartition(", ")
            if int(epoch) > epochs.get((place, run), -1):
                found[place, run] = LastNetwork(study, name)
                epochs[place, run] = int(epoch)
    return list(found.values())


class LocalizationStudy:
    """Maps against planted novelties over the runs of a study: networks and seeds.

    Args:
        folder: Of the study, with its tables.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, pd.DataFrame] = {}
        self._found: dict[tuple[str, ...], pd.Series[Any]] = {}
        self._means: dict[tuple[str, ...], pd.DataFrame] = {}

    @staticmethod
    def name_of(row: Mapping[str, Any]) -> str:
        """The network of a row of a table, by its settings; a denoising one is named so."""
        name = json.loads(row.get("train.network", '"lsa"'))
        noise = json.loads(str(row.get("train.noise_std", "0.0")))
        return f"{name}, denoising" if noise else str(name)

    def networks(self) -> list[str]:
        """Names of the networks, in the order of the table."""
        return list(dict.fromkeys(self._table("localization_summary")["network"]))

    def runs(self, network: str) -> int:
        """Number of seeds of a network."""
        return int(self.row(network, REFERENCE)["runs"])

    def table(self, network: str) -> pd.DataFrame:
        """Means and intervals over the seeds in the columns of `metrics/localization.csv`."""
        summary = self._table("localization_summary")
        return summary[summary["network"] == network].drop(columns="network")

    def methods(self, network: str, *, control: bool) -> list[str]:
        """Maps of a network, those that look at it or the controls."""
        table = self.table(network)
        return list(dict.fromkeys(table.loc[table["control"] == control, "method"]))

    def groups(self, grouping: str) -> list[str]:
        """Kinds, sizes or intensities."""
        table = self._table("localization_summary")
        return list(dict.fromkeys(table.loc[table["grouping"] == grouping, "group"]))

    def kinds(self, network: str) -> list[str]:
        """The kinds of novelty that a verdict on a network counts."""
        return self.groups("kind")

    @property
    def whole(self) -> dict[str, str]:
        """Grouping and group of all images that it is of."""
        return {"grouping": "all", "group": "all"}

    def row(
        self, network: str, method: str, grouping: str = "all", group: str = "all"
    ) -> "pd.Series[Any]":
        """One row of `table`.

        Raises:
            InputError: There is none, or more than one.
        """
        key = (network, method, grouping, group)
        if key not in self._found:
            places = self._places.get(key, [])
            if len(places) != 1:
                raise InputError(f"{len(places)} rows are {network}, {method}, {grouping} {group}")
            self._found[key] = self._table("localization_summary").iloc[places[0]]
        return self._found[key]

    def number(self, network: str, method: str, measure: str, **which: str) -> RunsInterval:
        """A measure of a map over all images, or over those of a grouping and group."""
        return lookup.interval_of(self.row(network, method, **which), measure)

    def headline(self, network: str, metric: str) -> RunsInterval:
        """A number of `metrics/localization.json` or `faithfulness.json`, its keys joined by _."""
        rows = self._table("numbers").iloc[self._numbers.get((network, metric), [])]
        row = lookup.one_row(rows, {}, what=f"of numbers are {network}, {metric}")
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
        return over_runs(
            lookup.rows_of(self._table("reinitialised"), own), "average_precision_drop"
        )

    @cached_property
    def _places(self) -> Mapping[Any, Any]:
        """Network, method, grouping and group to the places of their rows in the summary."""
        keys = ["network", "method", "grouping", "group"]
        return self._table("localization_summary").groupby(keys, sort=False).indices

    @cached_property
    def _numbers(self) -> Mapping[Any, Any]:
        """Network and metric to the places of their rows among the numbers."""
        return self._table("numbers").groupby(["network", "metric"], sort=False).indices

    def _table(self, name: str) -> pd.DataFrame:
        """A table of the study with the column `network` before its own."""
        if name not in self._read:
            table = lookup.read_table(self._folder, name)
            table.insert(0, "network", [self.name_of(row) for row in settings_of(table)])
            self._read[name] = table
        return self._read[name]

    def _mean(self, network: str, name: str, keys: list[str]) -> pd.DataFrame:
        place = network, name, *keys
        if place not in self._means:
            own = lookup.rows_of(self._table(name), {"network": network})
            means = own.groupby(keys, sort=False, dropna=False).mean(numeric_only=True)
            self._means[place] = means.reset_index()
        return self._means[place].copy()


class EachRun(LocalizationStudy):
    """A study in the authors' setting, each of its networks for itself: none is pooled over seeds.

    Networks are named as of `authors.Network`; their intervals are over images alone.
    """

    def _table(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            source, reduced = _REDUCED.get(name, (name, None))
            table = lookup.read_table(self._folder, source)
            names = [network_of(row).name for row in settings_of(table)]
            parts = [
                (reduced(rows) if reduced else rows).assign(network=network)
                for network, rows in table.groupby(pd.Series(names), sort=False)
            ]
            joined = pd.concat(parts, ignore_index=True)
            self._read[name] = joined.copy()  # of few blocks, from which rows are taken fast
        return self._read[name]


def _maps_of_one_run(maps: pd.DataFrame) -> pd.DataFrame:
    measures = [str(name).removesuffix("_low") for name in maps if str(name).endswith("_low")]
    return maps.assign(runs=1, **{f"{measure}_sd": np.nan for measure in measures})


def _of_one_run(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers.assign(sd=np.nan, runs=1)


# Tables that are made of those of single runs.
_REDUCED: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "localization_summary": ("localization", _maps_of_one_run),
    "numbers": ("run_numbers", _of_one_run),
}
