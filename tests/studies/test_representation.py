"""A study of scores and oracles, looked up as its page does."""

import json

import numpy as np
import pandas as pd
import pytest

from novelty_maps.pipeline.errors import InputError
from novelty_maps.statistics.over_runs import interval_over_runs
from studies.over_runs import each_detector
from studies.representation import Detector, RepresentationStudy, weights_per_value
from studies.tables import detectors

AUROCS = {"a": 0.6, "b": 0.7, "c": 0.65}


def run_table(auroc):
    """`metrics/detection.csv` of one run, in short."""
    rows = [
        ("nominal", "max_logit", "none", "all", auroc, auroc - 0.05),
        ("nominal", "energy", "none", "all", auroc - 0.1, auroc),
        ("nominal", "forest", "all", "all", 0.9 - auroc / 10, np.nan),
        ("nominal", "forest", "all", "3", 0.8, np.nan),
        ("nominal", "forest", "all", "4", 1.0, np.nan),
        ("nominal", "forest", "other classes", "3", 0.5, np.nan),
        ("nominal", "forest", "other classes", "4", 0.6, np.nan),
        ("all_classes", "forest", "all", "all", 0.95, np.nan),
    ]
    columns = ["representation", "detector", "labels", "novel_class", "auroc", "validation_auroc"]
    table = pd.DataFrame(rows, columns=columns)
    table["auroc_low"], table["auroc_high"] = table["auroc"] - 0.01, table["auroc"] + 0.01
    table["oracle"] = (table["labels"] != "none").astype(int)
    for name in ("average_precision", "fpr_at_95_tpr", "oscr", "closed_set_accuracy"):
        table[name] = auroc / 2
    return table.assign(objective=table["representation"], settings="{}")


@pytest.fixture
def study(tmp_path):
    settings = pd.DataFrame({"run": list(AUROCS), "split.normal_classes": ["[0]", "[1]", "[2]"]})
    runs = detectors(settings, [run_table(value) for value in AUROCS.values()])
    runs.to_csv(tmp_path / "detection.csv", index=False)
    each_detector(runs).to_csv(tmp_path / "detection_summary.csv", index=False)
    return RepresentationStudy(tmp_path)


def test_study_names_its_runs_representations_and_scores(study):
    assert study.count() == 3
    assert study.representations() == ["nominal", "all_classes"]
    assert study.scores("nominal") == ["max_logit", "energy"]
    assert study.score_of("nominal") == "max_logit"
    assert study.score_of("all_classes") is None
    assert study.chosen_score("all_classes") is None


def test_score_is_chosen_on_validation_images_not_on_test_images(study):
    assert study.chosen_score("nominal") == "energy"
    assert study.auroc("nominal", "energy", "none").estimate < (
        study.auroc("nominal", "max_logit", "none").estimate
    )


def test_representation_is_chosen_on_validation_images_among_those_there(study):
    assert study.best("max_logit", ["nominal", "absent"], "validation_auroc") == "nominal"


def test_spread_over_seeds_is_that_of_their_networks(study):
    found = study.spread_over_seeds(["nominal", "all_classes"], "forest", "all")
    values = [study.auroc(name, "forest").estimate for name in ("nominal", "all_classes")]
    assert found == pytest.approx(interval_over_runs(values))


def test_auroc_is_the_mean_over_runs_with_both_parts_of_the_variance(study):
    expected = interval_over_runs(list(AUROCS.values()), (0.01 / 1.959964) ** 2)
    assert study.auroc("nominal", "max_logit", "none") == pytest.approx(expected)
    assert study.mean("nominal", "max_logit", "none", "oscr") == pytest.approx(0.325)


def test_single_classes_are_averaged(study):
    assert study.each_class("nominal", "all").estimate == pytest.approx(0.9)
    assert study.each_class("nominal", "other classes").estimate == pytest.approx(0.55)


def test_gain_is_taken_run_by_run(study):
    found = study.gain(Detector("nominal", "forest"), Detector("nominal", "max_logit", "none"))
    differences = [0.9 - 1.1 * value for value in AUROCS.values()]
    assert found == pytest.approx(interval_over_runs(differences))


def test_gain_of_a_single_run_has_no_interval(study):
    study.runs = study.runs[study.runs["run"] == "a"]
    found = study.gain(Detector("all_classes", "forest"), Detector("nominal", "forest"))
    assert found.estimate == pytest.approx(0.95 - 0.84)
    assert np.isnan([found.low, found.high]).all()


def test_detector_that_is_not_there_is_an_error(study):
    with pytest.raises(InputError, match=r"0 rows are Detector\(representation='nominal'"):
        study.auroc("nominal", "rotation", "none")


def test_study_that_was_not_run_is_an_error(tmp_path):
    with pytest.raises(InputError, match="does not exist: run `make absent`"):
        RepresentationStudy(tmp_path / "absent")


def test_older_weights_of_the_hybrid_are_brought_to_one_scale():
    settings = [
        '{"reconstruction_weight": 0.9, "reduction": "mean"}',
        '{"reconstruction_weight": 0.9, "reduction": "sum"}',
        '{"reconstruction_weight": 0.001}',
        '{"members": 3}',
        "{}",
    ]
    table = pd.DataFrame({"settings": settings, "auroc": 0.5})
    found = weights_per_value(table, values=100)
    weights = [json.loads(each).get("reconstruction_weight") for each in found["settings"]]
    assert weights == pytest.approx([0.009, 0.9, 0.001, None, None])
    assert json.loads(found["settings"][3]) == {"members": 3}
    assert list(table["settings"]) == settings
