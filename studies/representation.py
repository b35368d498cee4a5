"""A study of representations, their scores and oracles, as the question's page cites it."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from novelty_maps.figures.representation import own_score
from novelty_maps.statistics.over_runs import RunsInterval, interval_over_runs
from studies import lookup


class Detector(NamedTuple):
    """A detector on a representation, with the labels that it was given.

    Attributes:
        representation: Name of the representation.
        detector: Name of the score or oracle.
        labels: "none", "all", "other classes" or the number of labelled anomalies.
        novel_class: "all", or "each" for the mean over single novel classes.
    """

    representation: str
    detector: str
    labels: str = "all"
    novel_class: str = "all"


class RepresentationStudy:
    """Detectors over the runs of a study, which differ in split and seed.

    Args:
        folder: Of the study, with its tables.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.runs = lookup.read_table(folder, "detection")
        self.summary = lookup.read_table(folder, "detection_summary")

    def count(self) -> int:
        """Number of runs."""
        return int(self.runs["run"].nunique())

    def representations(self) -> list[str]:
        """Names of the representations, in the order of the table."""
        return list(dict.fromkeys(self.summary["representation"]))

    def score_of(self, representation: str) -> str | None:
        """The score that a figure shows for it, or None if it has none."""
        return own_score(self.summary, representation)

    def chosen_score(self, representation: str) -> str | None:
        """The score with the highest mean AUROC on validation images; needs their labels."""
        own = self._own(representation).sort_values("validation_auroc")["detector"]
        return None if own.empty else str(own.iloc[-1])

    def best(self, detector: str, among: list[str], measure: str) -> str:
        """Of some representations, the one where a detector has the highest mean of a measure."""
        rows = self.summary[
            (self.summary["detector"] == detector) & self.summary["representation"].isin(among)
        ]
        return str(rows.sort_values(measure)["representation"].iloc[-1])

    def reconstruction_weight(self, representation: str) -> float | None:
        """The hybrid's λ, None of another network."""
        rows = self.summary[self.summary["representation"] == representation]
        weight = json.loads(rows["settings"].iloc[0]).get("reconstruction_weight")
        return None if weight is None else float(weight)

    def scores(self, representation: str) -> list[str]:
        """All its scores, in the order of the table."""
        return list(self._own(representation)["detector"])

    def auroc(self, representation: str, detector: str, labels: str = "all") -> RunsInterval:
        """Mean AUROC over the runs, on all novel classes, with its 95% interval."""
        return self._interval(Detector(representation, detector, labels))

    def each_class(self, representation: str, labels: str) -> RunsInterval:
        """Mean over runs of the mean over novel classes of the AUROC of a forest oracle."""
        return self._interval(Detector(representation, "forest", labels, "each"))

    def mean(self, representation: str, detector: str, labels: str, measure: str) -> float:
        """Mean of another measure over the runs."""
        return float(self._row(Detector(representation, detector, labels))[measure])

    def gain(self, better: Detector, worse: Detector) -> RunsInterval:
        """Mean over the runs of the difference in AUROC, run by run, with its 95% interval.

        With one run, the interval is unknown: NaN.
        """
        first, second = self._by_run(better), self._by_run(worse)
        found = interval_over_runs(first - second.reindex(first.index))
        return found if found.runs > 1 else found._replace(low=np.nan, high=np.nan)

    def has(self, measure: str) -> bool:
        """Whether the study's tables have a measure; older ones lack some."""
        return measure in self.summary

    def held_out(self) -> list[str]:
        """The representations with a forest on a class that it never saw, in the table's order."""
        rows = self.summary[self.summary["labels"] == "other classes"]
        return list(dict.fromkeys(rows["representation"]))

    def oracles(self, representation: str) -> list[str]:
        """The oracles with all labels of a representation, in the table's order."""
        rows = self.summary[self.summary["representation"] == representation]
        whole = rows[(rows["labels"] == "all") & (rows["novel_class"] == "all")]
        return list(whole["detector"])

    def kept_epochs(self) -> list[int]:
        """Epochs after which classifiers were examined, in ascending order."""
        return sorted(set(self.by_epoch["epoch"]))

    def after_epoch(
        self, representation: str, detector: str, *, first: bool = False
    ) -> "pd.Series[Any]":
        """The row of a detector after the last epoch that was kept, or the first."""
        rows = self.by_epoch
        rows = rows[(rows["representation"] == representation) & (rows["detector"] == detector)]
        return rows.sort_values("epoch").iloc[0 if first else -1]

    @cached_property
    def by_epoch(self) -> pd.DataFrame:
        """The detectors after each epoch that was kept."""
        return lookup.read_table(self._folder, "detection_by_epoch")

    def spread_over_seeds(self, members: list[str], detector: str, labels: str) -> RunsInterval:
        """Mean and spread of a detector over networks that differ in the seed alone."""
        return interval_over_runs([self.auroc(name, detector, labels).estimate for name in members])

    def _own(self, representation: str) -> pd.DataFrame:
        """The detectors that were given no labels; all of them are measured on all classes."""
        rows = self.summary[self.summary["representation"] == representation]
        return rows[rows["labels"] == "none"]

    def _by_run(self, which: Detector) -> "pd.Series[float]":
        return lookup.rows_of(self.runs, which._asdict()).set_index("run")["auroc"]

    def _row(self, which: Detector) -> "pd.Series[Any]":
        return lookup.one_row(self.summary, which._asdict(), what=f"are {which}")

    def _interval(self, which: Detector) -> RunsInterval:
        return lookup.interval_of(self._row(which), "auroc")


def weights_per_value(table: pd.DataFrame, *, values: int) -> pd.DataFrame:
    """The table with the hybrid's λ as the weight of each value's squared error.

    It is so in new tables. In older ones `settings` has a `reduction` beside λ: of a "mean" over n
    values, λ is n times the weight of each.

    Args:
        table: With `settings` as JSON.
        values: Values of an image, n.
    """
    return table.assign(settings=[_per_value(each, values) for each in table["settings"]])


def _per_value(settings: str, values: int) -> str:
    own = json.loads(settings)
    if own.pop("reduction", "sum") == "mean":
        own["reconstruction_weight"] /= values
    return json.dumps(own)
