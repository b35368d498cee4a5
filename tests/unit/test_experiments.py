"""Experiments side by side: which ones are found, what differs, what holds over their seeds."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest

from stages.lib import experiments, paths, statistics
from stages.lib.errors import InputError

PARAMS = "split:\n  normal_classes: {classes}\ntrain:\n  learning_rate: {rate}\n  seed: {seed}\n"


def git(*arguments):
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(**files):
    """A commit with these files, on a branch of no name; returns its hash."""
    for path, text in files.items():
        file = paths.Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git("add", ".")
    git("commit", "-q", "--allow-empty", "-m", "files")
    return git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository whose HEAD three experiments of one study and one of another start from."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    start = commit(readme="text")
    for name, rate, seed, agreement in (
        ("study-2", 0.1, 1, 5.0),
        ("study-10", 0.2, 0, 7.0),
        ("study-1", 0.1, 0, 4.0),
        ("other", 0.3, 0, 1.0),
    ):
        interval = {"estimate": agreement, "low": agreement - 0.2, "high": agreement + 0.2}
        made = commit(
            **{
                "params.yaml": PARAMS.format(classes=[0, 1], rate=rate, seed=seed),
                "metrics/training.json": json.dumps({"validation_loss": rate}),
                "metrics/agreement.json": json.dumps({"normal": {"agreement": interval}}),
                "metrics/explanation.json": json.dumps({"all": {"share": 0.5}}),
                "metrics/by_class.csv": "label,agreement\n0,1\n1,2\n",
            }
        )
        git("update-ref", f"refs/exps/{start[:2]}/{start[2:]}/{name}", made)
        git("reset", "-q", "--hard", start)
    return tmp_path


def found(*names, start="HEAD"):
    return experiments.find_experiments(names, start=start)


def test_name_stands_for_its_numbered_experiments_in_order(repository):
    assert [e.name for e in found("study")] == ["study-1", "study-2", "study-10"]
    assert [e.name for e in found("study-2")] == ["study-2"]
    assert [e.name for e in found("other", "study")][:2] == ["other", "study-1"]


def test_unknown_experiment_is_an_error_that_names_those_there(repository):
    with pytest.raises(
        InputError, match=r"no experiment seeds starts from HEAD \(there: other, st"
    ):
        found("seeds")


def test_experiments_of_another_commit_are_found_from_there_alone(repository):
    commit(more="text")
    with pytest.raises(InputError, match=r"there: none"):
        found("study")
    assert len(found("study", start="HEAD~1")) == 3


def test_unknown_revision_is_an_error(repository):
    with pytest.raises(InputError, match="nowhere"):
        found("study", start="nowhere")


def test_missing_metrics_are_an_error_that_names_experiment_and_file(repository):
    (experiment,) = found("other")
    with pytest.raises(InputError, match=r"other has no metrics/trajectory\.csv: run it again"):
        experiments.read_table(experiment, paths.TRAJECTORY)
    assert experiments.read_table(experiment, paths.BY_CLASS)["agreement"].tolist() == [1, 2]


def test_settings_that_differ_are_the_columns(repository):
    table = experiments.varied_settings(found("study"))
    assert table.to_dict("list") == {
        "run": ["study-1", "study-2", "study-10"],
        "train.learning_rate": ["0.1", "0.1", "0.2"],
        "train.seed": ["0", "1", "0"],
    }


def test_runs_that_differ_in_the_seed_alone_are_one_configuration(repository):
    runs = found("study")
    metrics = pd.DataFrame([experiments.read_metrics(run) for run in runs])
    table = experiments.over_seeds(experiments.varied_settings(runs), metrics)
    rows = table[table["metric"] == "normal_agreement"].set_index("train.learning_rate")
    assert rows.loc["0.1", ["estimate", "runs"]].tolist() == [4.5, 2]
    expected = statistics.interval_over_runs([4.0, 5.0], (0.2 / 1.959964) ** 2)
    assert rows.loc["0.1", ["low", "high", "sd"]].tolist() == pytest.approx(
        [expected.low, expected.high, expected.sd]
    )
    assert rows.loc["0.2", "runs"] == 1
    assert rows.loc["0.2", "high"] == pytest.approx(7.2)  # of the images alone
    assert np.isnan(rows.loc["0.2", "sd"])


def test_repetitions_alone_are_one_configuration_without_settings(repository):
    runs = found("study")[:2]
    metrics = pd.DataFrame([experiments.read_metrics(run) for run in runs])
    table = experiments.over_seeds(experiments.varied_settings(runs), metrics)
    assert table["metric"].is_unique
    assert set(table["runs"]) == {2}
    assert list(table) == ["metric", "estimate", "low", "high", "sd", "runs"]


def detectors(*, auroc, representation="nominal"):
    """`metrics/detection.csv` of one run: a score, and a forest on two novel classes."""
    rows = [
        ("max_logit", "none", "all", 0, auroc),
        ("forest", "all", "7", 1, auroc + 0.1),
        ("forest", "all", "8", 1, auroc + 0.2),
    ]
    table = pd.DataFrame(rows, columns=["detector", "labels", "novel_class", "oracle", "auroc"])
    table = table.assign(representation=representation, objective=representation, settings="{}")
    table["auroc_low"], table["auroc_high"] = table["auroc"] - 0.02, table["auroc"] + 0.02
    for name in ("average_precision", "fpr_at_95_tpr", "oscr", "closed_set_accuracy"):
        table[name] = auroc / 2
    return table.assign(validation_auroc=np.nan)


SPLITS = pd.DataFrame(
    {
        "run": ["a", "b", "c"],
        "split.normal_classes": ["[0]", "[1]", "[0]"],
        "classifier.epochs": ["6", "6", "12"],
    }
)


def test_single_classes_become_their_mean():
    runs = experiments.detection(SPLITS[:1], [detectors(auroc=0.7)])
    each = runs[runs["novel_class"] == "each"]
    assert each["auroc"].tolist() == pytest.approx([0.85])
    assert each["auroc_low"].isna().all()
    assert runs["oracle"].tolist() == [0, 1]
    assert runs["run"].tolist() == ["a", "a"]


def test_splits_and_seeds_are_repetitions_and_other_settings_are_not():
    tables = [detectors(auroc=value) for value in (0.64, 0.66, 0.7)]
    summary = experiments.over_splits(experiments.detection(SPLITS, tables))
    score = summary[summary["detector"] == "max_logit"].set_index("classifier.epochs")
    expected = statistics.interval_over_runs([0.64, 0.66], (0.02 / 1.959964) ** 2)
    found = score.loc["6", ["auroc", "auroc_low", "auroc_high", "auroc_sd", "runs"]]
    assert found.tolist() == pytest.approx(list(expected))
    assert score.loc["12", "runs"] == 1
    assert score.loc["6", "oscr"] == pytest.approx(0.325)
    assert score.loc["6", "oscr_sd"] == pytest.approx(np.std([0.32, 0.33], ddof=1))
    assert "split.normal_classes" not in summary


def test_interval_stays_between_zero_and_one_and_is_unknown_for_one_runs_mean_of_classes():
    tables = [detectors(auroc=value) for value in (0.5, 0.8, 0.6)]
    summary = experiments.over_splits(experiments.detection(SPLITS, tables))
    assert summary["auroc_low"].min() >= 0
    assert summary["auroc_high"].max() == 1
    alone = summary[(summary["classifier.epochs"] == "12") & (summary["novel_class"] == "each")]
    assert alone[["auroc_low", "auroc_high"]].isna().all(axis=None)


def test_representation_without_an_objective_survives_the_file_that_it_comes_from(tmp_path):
    table = detectors(auroc=0.6, representation="raw_pixels").assign(objective="")
    table.to_csv(tmp_path / "detection.csv", index=False)
    read = pd.read_csv(tmp_path / "detection.csv")
    runs = experiments.detection(SPLITS[:1], [read])
    assert "each" in set(runs["novel_class"])
    assert "each" in set(experiments.over_splits(runs)["novel_class"])


def test_detector_that_only_some_runs_have_is_summarised_over_those():
    tables = [detectors(auroc=0.6), detectors(auroc=0.7, representation="hybrid")]
    summary = experiments.over_splits(experiments.detection(SPLITS[:2], tables))
    runs = summary[summary["detector"] == "max_logit"].set_index("representation")["runs"]
    assert runs.to_dict() == {"nominal": 1, "hybrid": 1}
