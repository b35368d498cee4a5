"""The study of localization, as its page cites it, and the rule by which it decides.

The rule was fixed before any result. A map replaces the reconstruction-error map if

1. on most kinds of novelty the 95% intervals of its gains in average precision and in AUPRO both
   lie above 0, each of the two maps at the blur that is best for it on validation images;
2. over all images it beats every control that sees the image alone: its intervals of average
   precision and of AUPRO lie above theirs;
3. it passes the randomization of layers: its average precision falls when all layers are
   re-initialised, the 95% interval of the fall above 0.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.lib import statistics
from stages.lib.errors import InputError
from stages.lib.experiments import image_variance
from stages.lib.statistics import RunsInterval

_PERFECT = "mask"  # the control at the other end


class Verdict(NamedTuple):
    """What the rule says of a map on a network.

    Attributes:
        kinds: Number of kinds of novelty.
        above: Kinds on which both gains lie above 0.
        below: Kinds on which both lie below 0.
        beats_controls: Second condition.
        drop: Fall of average precision under randomization; NaN where there are no layers.
        replaces: Whether the map replaces the reconstruction-error map.
    """

    kinds: int
    above: list[str]
    below: list[str]
    beats_controls: bool
    drop: RunsInterval
    replaces: bool


class LocalizationStudy:
    """Maps against planted novelties over the runs of a study: networks and seeds.

    Args:
        folder: Where `stages.compare ... --branch localization` wrote its tables.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = {}
        for name in ("localization_summary", "faithfulness", "randomization", "numbers"):
            file = folder / f"{name}.csv"
            if not file.exists():
                raise InputError(f"{file} does not exist: run `make {folder.name}`")
            table = pd.read_csv(file, dtype={"group": str}, keep_default_na=False, na_values=[""])
            table.insert(0, "network", [_network(row) for _, row in table.iterrows()])
            self._tables[name] = table

    def networks(self) -> list[str]:
        """Names of the networks, in the order of the table."""
        return list(dict.fromkeys(self._tables["localization_summary"]["network"]))

    def runs(self, network: str) -> int:
        """Number of seeds of a network."""
        return int(self.row(network, "reconstruction_error")["runs"])

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
        table = self.table(network)
        keep = (table["method"] == method) & (table["grouping"] == grouping)
        rows = table[keep & (table["group"] == group)]
        if len(rows) != 1:
            raise InputError(f"{len(rows)} rows are {network}, {method}, {grouping} {group}")
        return rows.iloc[0]

    def number(self, network: str, method: str, measure: str, **which: str) -> RunsInterval:
        """A measure of a map over all images, or over those of a grouping and group."""
        row = self.row(network, method, **which)
        low, high, sd = (float(row[f"{measure}_{end}"]) for end in ("low", "high", "sd"))
        return RunsInterval(float(row[measure]), low, high, sd, int(row["runs"]))

    def headline(self, network: str, metric: str) -> RunsInterval:
        """A number of `metrics/localization.json` or `faithfulness.json`, its keys joined by _."""
        table = self._tables["numbers"]
        rows = table[(table["network"] == network) & (table["metric"] == metric)]
        if len(rows) != 1:
            raise InputError(f"{len(rows)} rows of numbers are {network}, {metric}")
        return RunsInterval(*rows.iloc[0][list(RunsInterval._fields)])

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
        table = self._tables["randomization"]
        rows = table[(table["network"] == network) & (table["method"] == method)]
        last = rows[rows["step"] == rows["step"].max()]
        name = "average_precision_drop"
        variance = image_variance(last, name) if len(last) else 0.0
        return statistics.interval_over_runs(last[name], variance)

    def verdict(self, network: str, method: str) -> Verdict:
        """What the rule of this module says of a map."""
        kinds = self.groups("kind")
        gains = {
            kind: [
                self.number(network, method, f"{measure}_gain", grouping="kind", group=kind)
                for measure in ("average_precision", "aupro")
            ]
            for kind in kinds
        }
        above = [kind for kind, pair in gains.items() if all(gain.low > 0 for gain in pair)]
        below = [kind for kind, pair in gains.items() if all(gain.high < 0 for gain in pair)]
        controls = [name for name in self.methods(network, control=True) if name != _PERFECT]
        beats = bool(controls) and all(
            self.number(network, method, measure).low > self.number(network, name, measure).high
            for measure in ("average_precision", "aupro")
            for name in controls
        )
        drop = self.drop(network, method)
        replaces = len(above) > len(kinds) / 2 and beats and drop.low > 0
        return Verdict(len(kinds), above, below, beats, drop, replaces)

    def _mean(self, network: str, name: str, keys: list[str]) -> pd.DataFrame:
        table = self._tables[name]
        own = table[table["network"] == network]
        return own.groupby(keys, sort=False, dropna=False).mean(numeric_only=True).reset_index()


def _network(row: "pd.Series[Any]") -> str:
    """The network's name; a denoising one is named so."""
    name = json.loads(row.get("train.network", '"lsa"'))
    noise = json.loads(str(row.get("train.noise_std", "0.0")))
    return f"{name}, denoising" if noise else str(name)
