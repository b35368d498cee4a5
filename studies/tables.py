"""The tables of a study: its experiments side by side, a table a question."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from novelty_maps.agreement.files import (
    AGREEMENT_HISTOGRAM,
    AGREEMENT_METRICS,
    BY_CLASS,
    EXPLANATION,
    TRAJECTORY,
)
from novelty_maps.faithfulness.files import (
    FAITHFULNESS,
    FAITHFULNESS_METRICS,
    RANDOMIZATION,
    REINITIALISED,
)
from novelty_maps.localization.files import LOCALIZATION, LOCALIZATION_METRICS
from novelty_maps.representation.files import DETECTION, DETECTION_BY_EPOCH
from novelty_maps.training.files import TRAINING_METRICS
from studies.definition import Question
from studies.experiments import Experiment, read_metrics, read_table, varied_settings
from studies.over_runs import DETECTOR, each_detector, each_map, each_number
from studies.up_to_date import require_up_to_date

Tables = tuple[dict[str, pd.DataFrame], pd.DataFrame]

_HEADLINE = [
    "validation_loss",
    "normal_agreement",
    "novel_agreement",
    "normal_minus_novel_agreement",
]
_SHOWN_MAPS = ("reconstruction_error", "saliency", "squared_saliency")


def agreement_tables(found: Sequence[Experiment]) -> Tables:
    """Tables about agreement by name, and the rows of the summary to show."""
    require_up_to_date(found, AGREEMENT_METRICS)
    settings = varied_settings(found)
    prefixes = {TRAINING_METRICS: "", AGREEMENT_METRICS: "", EXPLANATION: ""}
    runs = settings.join(pd.DataFrame([read_metrics(each, prefixes) for each in found]))
    summary = each_number(runs)
    tables = {"runs": runs, "summary": summary}
    for path in (BY_CLASS, TRAJECTORY, AGREEMENT_HISTOGRAM):
        tables[path.stem] = _joined(settings, _read(found, path))
    return tables, summary[summary["metric"].isin(_HEADLINE)]


def localization_tables(found: Sequence[Experiment]) -> Tables:
    """Tables about localization by name, and the rows of the summary to show.

    Which maps a run has is no column: every row names its own.
    """
    require_up_to_date(found, LOCALIZATION)
    lists = [f"{section}.methods" for section in ("localization", "faithfulness")]
    settings = varied_settings(found).drop(columns=lists, errors="ignore")
    tables = {
        path.stem: _joined(settings, _read(found, path))
        for path in (LOCALIZATION, FAITHFULNESS, RANDOMIZATION, REINITIALISED)
    }
    prefixes = {
        TRAINING_METRICS: "",
        LOCALIZATION_METRICS: "",
        FAITHFULNESS_METRICS: "faithfulness_",
    }
    numbers = pd.DataFrame([read_metrics(each, prefixes) for each in found])
    tables["numbers"] = each_number(settings.join(numbers))
    single = [each_number(numbers.iloc[[i]]).drop(columns=["sd", "runs"]) for i in numbers.index]
    tables["run_numbers"] = _joined(settings, single)
    summary = tables["localization_summary"] = each_map(tables["localization"])
    whole = (summary["grouping"] == "all") & summary["method"].isin(_SHOWN_MAPS)
    return tables, summary.loc[whole].drop(columns=["grouping", "group"])


def representation_tables(found: Sequence[Experiment]) -> Tables:
    """Tables about representations by name, and the rows of the summary to show.

    Which networks a run has is no column: every row names its own network's settings.
    """
    require_up_to_date(found, DETECTION)
    settings = varied_settings(found).drop(columns="classifier.variants", errors="ignore")
    runs = detectors(settings, _read(found, DETECTION))
    summary = each_detector(runs)
    whole = (summary["novel_class"] == "all") & summary["labels"].isin(["none", "all"])
    shown = summary.loc[whole].dropna(axis="columns", how="all")
    tables = {"detection": runs, "detection_summary": summary}
    by_epoch = _joined(settings, _read(found, DETECTION_BY_EPOCH))
    if len(by_epoch):
        tables["detection_by_epoch"] = by_epoch
    return tables, shown


GATHER: dict[Question, Callable[[Sequence[Experiment]], Tables]] = {
    "agreement": agreement_tables,
    "localization": localization_tables,
    "representation": representation_tables,
}


def detectors(settings: pd.DataFrame, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Every run's detectors, one table below the other.

    Rows of single novel classes are replaced by their means over the classes, as `novel_class`
    "each".

    Args:
        settings: As `varied_settings` returns it.
        tables: `metrics/detection.csv` of each run in the same order.

    Returns:
        The settings, then the columns of `metrics/detection.csv`.
    """
    joined = _joined(settings, [_with_means_over_classes(table) for table in tables])
    counts = [name for name in ("oracle", "draws") if name in joined]  # older tables lack draws
    joined[counts] = joined[counts].astype(int)
    return joined


def _with_means_over_classes(table: pd.DataFrame) -> pd.DataFrame:
    single = table["novel_class"] != "all"
    groups = table[single].groupby(DETECTOR, sort=False, dropna=False)
    each = groups.mean(numeric_only=True).reset_index()
    # The intervals of single classes say nothing about their mean.
    each[["auroc_low", "auroc_high"]] = np.nan
    return pd.concat([table[~single], each.assign(novel_class="each")])


def _read(found: Sequence[Experiment], path: Path) -> list[pd.DataFrame]:
    return [read_table(experiment, path) for experiment in found]


def _joined(settings: pd.DataFrame, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The tables of all runs one below the other, each row after the settings of its run."""
    parts = [settings.iloc[[i]].merge(table, how="cross") for i, table in enumerate(tables)]
    return pd.concat(parts, ignore_index=True)
