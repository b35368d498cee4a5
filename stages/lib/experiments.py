"""DVC experiments side by side: their settings and metrics, and what holds over their seeds.

DVC keeps a finished experiment as a commit under refs/exps/<its starting commit>/<its name>. All
that is compared is in that commit (params.yaml and the small metrics files), so that git alone
reads it, and an experiment pulled from elsewhere compares as well as one run here.
"""

import io
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.lib import paths, statistics, summary
from stages.lib.errors import InputError
from stages.lib.params import parse_yaml

_HEADLINE = [
    "validation_loss",
    "normal_agreement",
    "novel_agreement",
    "normal_minus_novel_agreement",
]
_DETECTOR = ["representation", "objective", "settings", "detector", "labels"]
_MEASURES = [
    "average_precision",
    "fpr_at_95_tpr",
    "oscr",
    "closed_set_accuracy",
    "validation_auroc",
]
_REF = re.compile(r"(\w+) refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/(\S+)")


class Experiment(NamedTuple):
    """A finished experiment.

    Attributes:
        name: Its name.
        commit: The commit that holds it.
        settings: Dotted key to value, of its params.yaml.
    """

    name: str
    commit: str
    settings: dict[str, Any]


def find_experiments(names: Sequence[str], *, start: str) -> list[Experiment]:
    """Experiments of the given names, and those that DVC numbered: NAME, NAME-1, NAME-2 ...

    Args:
        names: Names without the number.
        start: Revision that the experiments were started from.

    Raises:
        InputError: There is no such revision, or no such experiment starts from it.
    """
    try:
        baseline = _git("rev-parse", "--verify", f"{start}^{{commit}}").decode().strip()
    except InputError as error:
        raise InputError(
            f"{start!r} names no commit ({error}): run in the project's git repository, and give"
            " --start the commit that the experiments were started from"
        ) from None
    refs = _git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").decode()
    found: dict[tuple[int, int], Experiment] = {}
    known = set()
    for commit, head, tail, name in _REF.findall(refs):
        if head + tail != baseline:
            continue
        base, number = re.fullmatch(r"(.*?)(?:-(\d+))?", name).groups()  # type: ignore[union-attr]
        known.add(base)
        for position, wanted in enumerate(names):
            if wanted in (base, name):
                text = _git("show", f"{commit}:{paths.PARAMS}").decode()
                settings = _dotted(parse_yaml(text, source=f"{paths.PARAMS} of {name}"))
                found[position, int(number or 0)] = Experiment(name, commit, settings)
    absent = [name for i, name in enumerate(names) if all(key[0] != i for key in found)]
    if absent:
        raise InputError(
            f"no experiment {absent[0]} starts from {start} (there:"
            f" {', '.join(sorted(known)) or 'none'}): run it first, or give the commit that it"
            " started from with --start"
        )
    return [found[key] for key in sorted(found)]


def pixel_tables(found: Sequence[Experiment]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables of the branch about pixels by name, and the rows of the summary to show."""
    settings = varied_settings(found)
    metrics = pd.DataFrame([read_metrics(experiment) for experiment in found])
    summarised = over_seeds(settings, metrics)
    tables = {"runs": settings.join(metrics), "summary": summarised}
    for path in (paths.BY_CLASS, paths.TRAJECTORY, paths.AGREEMENT_HISTOGRAM):
        parts = [
            settings.iloc[[i]].merge(read_table(experiment, path), how="cross")
            for i, experiment in enumerate(found)
        ]
        tables[path.stem] = pd.concat(parts)
    return tables, summarised[summarised["metric"].isin(_HEADLINE)]


def image_tables(found: Sequence[Experiment]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables of the branch about images by name, and the rows of the summary to show.

    Which networks a run has is no column: every row names its own network's settings.
    """
    settings = varied_settings(found).drop(columns="classifier.variants", errors="ignore")
    runs = detection(settings, [read_table(experiment, paths.DETECTION) for experiment in found])
    summarised = over_splits(runs)
    whole = (summarised["novel_class"] == "all") & summarised["labels"].isin(["none", "all"])
    shown = summarised.loc[whole].dropna(axis="columns", how="all")
    return {"detection": runs, "detection_summary": summarised}, shown


def read_table(experiment: Experiment, path: Path) -> pd.DataFrame:
    """A .csv of an experiment that git tracks."""
    return pd.read_csv(io.BytesIO(read_file(experiment, path)))


def read_metrics(experiment: Experiment) -> dict[str, Any]:
    """All metrics of an experiment as one flat row, as `summary.flatten` names them."""
    row: dict[str, Any] = {}
    for path in (paths.TRAINING_METRICS, paths.AGREEMENT_METRICS, paths.EXPLANATION):
        row |= summary.flatten(json.loads(read_file(experiment, path)))
    return row


def varied_settings(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """A row per experiment: `run` (its name) and the settings, as JSON, in which they differ."""
    texts = [
        {key: json.dumps(value) for key, value in experiment.settings.items()}
        for experiment in experiments
    ]
    varied = [key for key in texts[0] if len({text.get(key) for text in texts}) > 1]
    table = pd.DataFrame([{key: text.get(key) for key in varied} for text in texts])
    table.insert(0, "run", [experiment.name for experiment in experiments])
    return table


def over_seeds(settings: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """Mean, interval and spread of every metric over the runs of each configuration.

    Runs of a configuration differ in `*.seed` alone. The test images are drawn within each run;
    their part of the variance is that of the runs' own intervals, taken as wholly shared between
    runs, the cautious case (`statistics.interval_over_runs`).

    Args:
        settings: As `varied_settings` returns it.
        metrics: A row per run in the same order, as `read_metrics` names them.

    Returns:
        A row per configuration and metric: the configuration's settings, `metric`, `estimate`,
        `low`, `high`, `sd`, `runs`.
    """
    keys = [key for key in map(str, settings) if key != "run" and not key.endswith(".seed")]
    configurations = list(settings[keys].itertuples(index=False, name=None))
    rows: list[dict[str, Any]] = []
    for configuration in dict.fromkeys(configurations):
        group = metrics[[other == configuration for other in configurations]]
        for name in map(str, metrics):
            if name.endswith(("_low", "_high")):
                continue
            variance = image_variance(group, name) if f"{name}_low" in metrics else 0.0
            interval = statistics.interval_over_runs(group[name].astype(np.float64), variance)
            row = dict(zip(keys, configuration, strict=True))
            rows.append({**row, "metric": name, **interval._asdict()})
    return pd.DataFrame(rows)


def detection(settings: pd.DataFrame, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Every run's detectors, one table below the other.

    Rows of single novel classes are replaced by their means over the classes, as `novel_class`
    "each".

    Args:
        settings: As `varied_settings` returns it.
        tables: `metrics/detection.csv` of each run in the same order.

    Returns:
        The settings, then the columns of `representations.examine`.
    """
    parts = []
    for i, table in enumerate(tables):
        single = table["novel_class"] != "all"
        groups = table[single].groupby(_DETECTOR, sort=False, dropna=False)
        each = groups.mean(numeric_only=True).reset_index()
        # The intervals of single classes say nothing about their mean.
        each[["auroc_low", "auroc_high"]] = np.nan
        merged = pd.concat([table[~single], each.assign(novel_class="each")])
        parts.append(settings.iloc[[i]].merge(merged, how="cross"))
    joined = pd.concat(parts, ignore_index=True)
    joined["oracle"] = joined["oracle"].astype(int)
    return joined


def over_splits(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean, interval and spread of every detector over splits and seeds.

    Runs of a configuration differ in `*.seed` and in the normal classes. The test images' part of
    the variance of AUROC is the mean of DeLong's over the runs, taken as wholly shared between
    them, the cautious case; it is unknown, and left out, for means over single novel classes.

    Args:
        runs: As `detection` returns it.

    Returns:
        A row per configuration and detector: the configuration's settings, `representation`, its
        `objective` and own `settings`, `detector`, `labels`, `novel_class`, `oracle`, `auroc` with
        its interval `_low` and `_high`, cut to [0, 1] and NaN where one run is all and its
        variance unknown; the means of the other measures; `_sd` of all; the number of `runs`.
    """
    given = [key for key in map(str, runs) if "." in key and not key.endswith(".seed")]
    keys = [key for key in given if key != "split.normal_classes"]
    keys += [*_DETECTOR, "novel_class", "oracle"]
    rows = []
    for key, group in runs.groupby(keys, sort=False, dropna=False):
        variance = image_variance(group, "auroc")
        known = not np.isnan(variance)
        over = statistics.interval_over_runs(group["auroc"], variance if known else 0.0)
        ends = np.clip([over.low, over.high], 0, 1) if known or over.runs > 1 else [np.nan] * 2
        row = dict(zip(keys, key, strict=True))
        row |= {"auroc": over.estimate, "auroc_low": ends[0], "auroc_high": ends[1]}
        row["auroc_sd"] = over.sd
        for name in _MEASURES:
            row |= {name: group[name].mean(), f"{name}_sd": group[name].std()}
        row["runs"] = over.runs
        rows.append(row)
    return pd.DataFrame(rows)


def image_variance(group: pd.DataFrame, name: str) -> float:
    """Mean over runs of a quantity's variance, as its 95% intervals within the runs have it."""
    width = group[f"{name}_high"] - group[f"{name}_low"]
    return float(((width / (2 * 1.959964)) ** 2).mean())


def read_file(experiment: Experiment, path: Path) -> bytes:
    """Content of a file of an experiment that git tracks."""
    try:
        return _git("show", f"{experiment.commit}:{path}")
    except InputError:
        raise InputError(
            f"experiment {experiment.name} has no {path}: run it again with this version"
        ) from None


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise InputError(done.stderr.decode().strip().removeprefix("fatal: "))
    return done.stdout


def _dotted(values: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{section}.{key}": value for section, keys in values.items() for key, value in keys.items()
    }
