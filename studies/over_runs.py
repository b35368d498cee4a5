"""What holds over several runs: mean, interval and spread of every number.

Tables have a row or more a run: its settings, whose columns have a dot in their names, and its
numbers. Runs that differ in a seed alone are repetitions of one configuration. The test images are
drawn within each run; their part of the variance is that of the runs' own intervals, taken as
wholly shared between runs, the cautious case (`statistics.over_runs.interval_over_runs`).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.maps.names import GAINS
from novelty_maps.statistics.over_runs import RunsInterval, interval_over_runs

Table = pd.DataFrame | Mapping[str, NDArray[Any]]  # by column
DETECTOR = ["representation", "objective", "settings", "detector", "labels"]

_OF_DETECTORS = [
    "average_precision",
    "equal_error_rate",
    "fpr_at_95_tpr",
    "oscr",
    "closed_set_accuracy",
    "task_accuracy",
    "disagreement",
    "validation_auroc",
]
_OF_MAPS = [
    f"{measure}{gain}"
    for gain in ("", *(f"_{name}" for name in GAINS))
    for measure in ("average_precision", "aupro")
]
_MEANS_OF_MAPS = (
    "auroc",
    "pooled_average_precision",
    "pooled_auroc",
    "aupro_at_05",
    "image_auroc",
    "pointing_game",
    "relevance_rank_accuracy",
    "blur",
    "effect_size",
)


def each_number(runs: pd.DataFrame) -> pd.DataFrame:
    """Every number of runs with one row each.

    Args:
        runs: `run`, settings, and numbers as `experiments.read_metrics` names them.

    Returns:
        A row per configuration and number: the configuration's settings, `metric`, `estimate`,
        `low`, `high`, `sd`, `runs`.
    """
    rows = []
    for configuration, group in _configurations(runs):
        for name in map(str, runs):
            if "." in name or name == "run" or name.endswith(("_low", "_high")):
                continue
            found = over_runs(group, name)
            rows.append({**configuration, "metric": name, **found._asdict()})
    return pd.DataFrame(rows)


def each_map(runs: pd.DataFrame) -> pd.DataFrame:
    """Every map's measures.

    Args:
        runs: The settings of each run, then the columns of `metrics/localization.csv`.

    Returns:
        A row per configuration, group and map: average precision, AUPRO and their gains with
        `_low`, `_high` and `_sd`, means of the others, `p_holm` the largest of the runs or 1 where
        their effects have unequal signs, the number of `runs`.
    """
    rows = []
    keys = ("grouping", "group", "method", "control")
    numbers = {str(name): column.to_numpy() for name, column in runs.items()}
    measures = [name for name in _OF_MAPS if name in runs]  # older tables lack some
    means = [name for name in _MEANS_OF_MAPS if name in runs]
    for row, group in _configurations(runs.reset_index(drop=True), *keys):
        # Thousands of groups: taken from arrays, which are much faster than their columns.
        own = {name: values[group.index] for name, values in numbers.items()}
        row["images"] = own["images"][0]
        for measure in measures:
            row |= _columns(measure, over_runs(own, measure))
        row |= {name: interval_over_runs(own[name]).estimate for name in means}
        one_way = (own["effect_size"] > 0).all() or (own["effect_size"] < 0).all()
        p_holm = np.fmax.reduce(own["p_holm"].astype(np.float64))
        row |= {"p_holm": p_holm if one_way or np.isnan(p_holm) else 1.0, "runs": len(group)}
        rows.append(row)
    return pd.DataFrame(rows)


def each_detector(runs: pd.DataFrame) -> pd.DataFrame:
    """Every detector's measures; runs that differ in the normal classes are repetitions too.

    The variance over test images is that of DeLong for AUROC; it is unknown, and left out, for
    means over single novel classes.

    Args:
        runs: The settings of each run, then the columns of `tables.detectors`.

    Returns:
        A row per configuration and detector: the configuration's settings, `representation`, its
        `objective` and own `settings`, `detector`, `labels`, `novel_class`, `oracle`, `auroc` with
        its interval `_low` and `_high`, cut to [0, 1] and NaN where one run is all and its
        variance unknown; the means of the other measures; `_sd` of all; the number of `runs`.
        `auroc_sd` is over runs, `auroc_draws_sd` the mean over runs of that over the `draws` of
        labelled anomalies.
    """
    rows = []
    keys = (*DETECTOR, "novel_class", "oracle")
    for row, group in _configurations(runs, *keys, repeated={"split.normal_classes"}):
        auroc = _auroc(group)
        row |= _columns("auroc", auroc)
        if "draws" in group:  # older tables lack them
            row["auroc_draws_sd"] = group["auroc_draws_sd"].mean()
            row["draws"] = group["draws"].iloc[0]
        for name in (name for name in _OF_DETECTORS if name in group):
            row |= {name: group[name].mean(), f"{name}_sd": group[name].std()}
        rows.append(row | {"runs": auroc.runs})
    return pd.DataFrame(rows)


def over_runs(runs: Table, name: str) -> RunsInterval:
    """Mean, interval and spread of one number, of the runs alone where it has no interval."""
    variance = image_variance(runs, name) if f"{name}_low" in runs else 0.0
    return interval_over_runs(np.asarray(runs[name], np.float64), variance)


def image_variance(runs: Table, name: str) -> float:
    """Mean over runs of a number's variance, as its 95% intervals within the runs have it."""
    low, high = (np.asarray(runs[f"{name}_{end}"], np.float64) for end in ("low", "high"))
    width = high - low
    variances = (width[~np.isnan(width)] / (2 * 1.959964)) ** 2
    return float(variances.mean()) if variances.size else np.nan


def _auroc(runs: pd.DataFrame) -> RunsInterval:
    variance = image_variance(runs, "auroc")
    unknown = np.isnan(variance)
    found = interval_over_runs(runs["auroc"], 0.0 if unknown else variance)
    if unknown and found.runs < 2:
        return found._replace(low=np.nan, high=np.nan)
    return found._replace(low=np.clip(found.low, 0, 1), high=np.clip(found.high, 0, 1))


def _columns(name: str, found: RunsInterval) -> dict[str, float]:
    return {
        name: found.estimate,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
        f"{name}_sd": found.sd,
    }


def _configurations(
    runs: pd.DataFrame, *keys: str, repeated: Collection[str] = ()
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The settings of each configuration, with the values of `keys`, and its rows.

    Args:
        runs: A table of this module.
        *keys: Further columns that tell rows apart.
        repeated: Settings that repetitions differ in, beside the seeds.
    """
    settings = [key for key in map(str, runs) if "." in key and not key.endswith(".seed")]
    every = [*(key for key in settings if key not in repeated), *keys]
    if not every:
        yield {}, runs
        return
    for values, group in runs.groupby(every, sort=False, dropna=False):
        yield dict(zip(every, values, strict=True)), group
