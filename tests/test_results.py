"""Committed tables of representation are of the networks and labels that studies define."""

import json
from pathlib import Path

import pandas as pd
import pytest

from novelty_maps.pipeline.paths import PARAMS
from novelty_maps.pipeline.section import read_yaml
from studies import paths
from studies.representation import weights_per_value
from studies.study import load_studies

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = read_yaml(ROOT / PARAMS)
STUDIES = {
    name: study
    for name, study in load_studies(ROOT / paths.DEFINITIONS, ROOT / paths.BASE).items()
    if study.definition.question == "representation"
}


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
            assert told == pytest.approx(asked.told(), rel=1e-6) or variant == "svgd"


@pytest.mark.parametrize("name", STUDIES)
def test_labels_are_those_that_the_study_gives_its_oracles(name):
    table = committed(name)
    for run in STUDIES[name].runs():
        params = run.params(SECTIONS).representation
        given = set(table.loc[table["run"] == run.name, "labels"])
        few = {str(count) for count in params.labelled_anomalies}
        others = {"other classes"} if params.held_out_classes else set()
        assert given == {"none", "all"} | others | few
