"""Committed tables of representation are of the networks and labels that studies define."""

import json
from pathlib import Path

import pandas as pd
import pytest
from oracles.tiny_study import tiny_tables

from novelty_maps.params.score_names import LATENT_SCORES
from novelty_maps.pipeline.paths import PARAMS
from novelty_maps.pipeline.section import read_yaml
from studies import paths
from studies.over_runs import each_detector
from studies.representation import weights_per_value
from studies.study import load_studies

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = read_yaml(ROOT / PARAMS)
STUDIES = {
    name: study
    for name, study in load_studies(ROOT / paths.DEFINITIONS, ROOT / paths.BASE).items()
    if study.definition.question == "representation"
}

# Rows that tables of earlier versions lack of those that their definitions make now, by the reason.
LATER = {
    "scores of z": lambda rows: rows["detector"].isin(LATENT_SCORES),
    "the perceptron": lambda rows: rows["detector"] == "mlp",
    "the linear oracle with few labels": lambda rows: (
        (rows["detector"] == "linear") & rows["labels"].isin(["5", "25", "100"])
    ),
    "further networks on the last two splits": lambda rows: (
        rows["run"].isin(["representations-mnist-4", "representations-mnist-5"])
        & rows["representation"].isin(["hybrid", "generalized_odin", "rotation"])
    ),
}
LATER_COLUMNS = ["auroc_draws_sd", "draws", "equal_error_rate"]
SANITY_COLUMNS = ["task_accuracy", "disagreement"]
BEFORE_SANITY = ["representations-cifar10", "resnet20-cifar10"]
# These also held classes out of what was trained on them, and had an ensemble as its members.
OLDER = {
    "both-papers": ["scores of z", "the perceptron"],
    "few-labels-mnist": ["scores of z", "the perceptron"],
    "networks-mnist": ["scores of z", "the perceptron"],
    "representations-cifar10-jpeg": [
        "scores of z",
        "the perceptron",
        "the linear oracle with few labels",
    ],
    "representations-mnist": [
        "scores of z",
        "the perceptron",
        "the linear oracle with few labels",
        "further networks on the last two splits",
    ],
}
KEYS = ["run", "representation", "objective", "detector", "labels", "novel_class", "oracle"]


def as_older(name, table):
    """A study's detectors as the version that made its committed table had them."""
    for reason in OLDER[name]:
        later = LATER[reason](table)
        assert later.any(), reason
        table = table[~later]
    trained_on_all = table[table["representation"] == "all_classes"]
    seen = trained_on_all[trained_on_all["novel_class"] == "each"]
    table = pd.concat([table, seen.assign(labels="other classes")])
    members = table["representation"].str.removesuffix("_ensemble")
    table["objective"] = table["objective"].mask(table["objective"] == "ensemble", members)
    return table.drop(columns=LATER_COLUMNS + SANITY_COLUMNS)


def rows_of(table, keys):
    """The values of these columns in every row, in order."""
    texts = table[keys].fillna("").astype(str)
    return sorted(texts.itertuples(index=False, name=None))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", STUDIES)
def test_definition_makes_the_rows_and_columns_of_its_tables(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tiny_tables(STUDIES[name], SECTIONS, monkeypatch)
    files = {file.stem: file for file in (ROOT / paths.RESULTS / name).glob("*.csv")}
    assert made.keys() == files.keys()
    if name in OLDER:
        made["detection"] = as_older(name, made["detection"])
        made["detection_summary"] = each_detector(made["detection"])
    elif name in BEFORE_SANITY:
        made["detection"] = made["detection"].drop(columns=SANITY_COLUMNS)
        made["detection_summary"] = each_detector(made["detection"])
    for table, file in files.items():
        there = pd.read_csv(file, dtype={"labels": str})
        assert list(made[table]) == list(there)
        keys = [key for key in KEYS if key in there]
        if table == "detection_by_epoch":  # of which the small run reaches the first
            for _, after in there.groupby("epoch"):
                assert rows_of(made[table], keys) == rows_of(after, keys)
        else:
            assert rows_of(made[table], keys) == rows_of(there, keys)


def committed(name):
    """The rows of every run of a study, λ of each value where older tables have a reduction."""
    data = STUDIES[name].runs()[0].params(SECTIONS).data
    values = data.image_size**2 * (3 if data.name == "cifar10" else 1)
    table = pd.read_csv(ROOT / paths.RESULTS / name / "detection.csv", dtype={"labels": str})
    return weights_per_value(table, values=values)


@pytest.mark.parametrize("name", STUDIES)
def test_rows_are_of_the_networks_that_the_study_trains(name):
    table, runs = committed(name), STUDIES[name].runs()
    assert list(dict.fromkeys(table["run"])) == [run.name for run in runs]
    for run in runs:
        params, rows = run.params(SECTIONS), table[table["run"] == run.name]
        classifier = params.classifier
        expected = {*classifier.variants, *classifier.ensembles(), *params.representation.others}
        found = rows.drop_duplicates("representation").set_index("representation")
        assert set(found.index) <= expected
        if name != "representations-mnist":  # its last two splits have the plain networks alone
            assert set(found.index) == expected
        for variant in found.index.intersection(list(classifier.variants)):
            asked, there = classifier.variant(variant), found.loc[variant]
            assert there["objective"] == asked.objective
            told = json.loads(there["settings"])
            assert told == pytest.approx(asked.told(), rel=1e-6)


@pytest.mark.parametrize("name", STUDIES)
def test_labels_are_those_that_the_study_gives_its_oracles(name):
    table = committed(name)
    for run in STUDIES[name].runs():
        params = run.params(SECTIONS).representation
        given = set(table.loc[table["run"] == run.name, "labels"])
        few = {str(count) for count in params.labelled_anomalies}
        others = {"other classes"} if params.held_out_classes else set()
        assert given == {"none", "all"} | others | few
