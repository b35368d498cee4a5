"""Experiments of the branch about localization side by side, and what holds over their seeds."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.lib import experiments, paths, statistics, summary
from stages.lib.experiments import Experiment

MEASURES = ("average_precision", "aupro", "average_precision_gain", "aupro_gain")
_MEANS = (
    "auroc",
    "pooled_average_precision",
    "pooled_auroc",
    "pointing_game",
    "relevance_rank_accuracy",
    "blur",
    "effect_size",
)
_SHOWN = ("reconstruction_error", "saliency", "squared_saliency")


def localization_tables(
    found: Sequence[Experiment],
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables of the branch about localization by name, and the rows of the summary to show.

    Which maps a run has is no column: every row names its own.
    """
    lists = [f"{section}.methods" for section in ("localize", "faithfulness")]
    settings = experiments.varied_settings(found).drop(columns=lists, errors="ignore")
    tables = {}
    for path in (paths.LOCALIZATION, paths.FAITHFULNESS, paths.RANDOMIZATION):
        parts = [
            settings.iloc[[i]].merge(experiments.read_table(experiment, path), how="cross")
            for i, experiment in enumerate(found)
        ]
        tables[path.stem] = pd.concat(parts, ignore_index=True)
    numbers = [_numbers(experiment) for experiment in found]
    tables["numbers"] = experiments.over_seeds(settings, pd.DataFrame(numbers))
    tables["localization_summary"] = over_seeds(tables["localization"])
    shown = tables["localization_summary"]
    whole = (shown["grouping"] == "all") & shown["method"].isin(_SHOWN)
    return tables, shown.loc[whole].drop(columns=["grouping", "group"])


def over_seeds(runs: pd.DataFrame) -> pd.DataFrame:
    """Every map's measures over runs that differ in `*.seed` alone.

    The planted images are the same in all runs; their part of the variance is that of the runs' own
    intervals, taken as wholly shared (`statistics.interval_over_runs`).

    Args:
        runs: The settings of each run, then the columns of `localization_table`.

    Returns:
        A row per configuration, group and map: `MEASURES` with `_low`, `_high` and `_sd`, means of
        the others, `p_holm` the largest of the runs or 1 where their effects have unequal signs,
        the number of `runs`.
    """
    keys = [key for key in map(str, runs) if "." in key and not key.endswith(".seed")]
    keys += ["grouping", "group", "method", "control"]
    rows = []
    for key, group in runs.groupby(keys, sort=False, dropna=False):
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        row["images"] = group["images"].iloc[0]
        for measure in MEASURES:
            variance = experiments.image_variance(group, measure)
            interval = statistics.interval_over_runs(group[measure], variance)
            row |= {
                measure: interval.estimate,
                f"{measure}_low": interval.low,
                f"{measure}_high": interval.high,
                f"{measure}_sd": interval.sd,
            }
        row |= {name: group[name].mean() for name in _MEANS}
        one_way = group["effect_size"].gt(0).all() or group["effect_size"].lt(0).all()
        p_holm = group["p_holm"].max()
        row |= {"p_holm": p_holm if one_way or np.isnan(p_holm) else 1.0, "runs": len(group)}
        rows.append(row)
    return pd.DataFrame(rows)


def _numbers(experiment: Experiment) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for path, prefix in (
        (paths.TRAINING_METRICS, ""),
        (paths.LOCALIZATION_METRICS, ""),
        (paths.FAITHFULNESS_METRICS, "faithfulness_"),
    ):
        values = summary.flatten(json.loads(experiments.read_file(experiment, path)))
        row |= {f"{prefix}{name}": value for name, value in values.items()}
    return row
