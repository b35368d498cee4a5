"""The tables of each question from its experiments."""

import json

import pandas as pd
import pytest
from oracles.scratch_experiments import commit, experiment, git, of_agreement
from oracles.study_tables import PRECISION, detectors, maps, reinitialised

from novelty_maps.pipeline.errors import InputError
from studies import tables
from studies.experiments import find_experiments

SETTINGS = pd.DataFrame({"run": ["a"], "split.normal_classes": ["[0]"]})


def test_single_classes_become_their_mean():
    runs = tables.detectors(SETTINGS, [detectors(auroc=0.7)])
    each = runs[runs["novel_class"] == "each"]
    assert each["auroc"].tolist() == pytest.approx([0.85])
    assert each["auroc_low"].isna().all()
    assert runs["oracle"].tolist() == [0, 1]
    assert runs["run"].tolist() == ["a", "a"]


@pytest.fixture
def start(tmp_path, monkeypatch):
    """A repository, and the commit that experiments start from."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    return commit({"readme": "text"})


def test_tables_of_agreement_have_a_row_a_run_and_their_settings(start):
    for seed, agreement in ((0, 4.0), (1, 5.0)):
        files = of_agreement(seed=seed, agreement=agreement)
        files["metrics/trajectory.csv"] = f"epoch,best\n{seed},1\n"
        files["metrics/agreement_histogram.csv"] = "agreement,normal\n0,0.5\n1,0.5\n"
        experiment(f"study-{seed + 1}", start, files)
    found, shown = tables.agreement_tables(find_experiments(["study"], start="HEAD"))
    assert set(found) == {"runs", "summary", "by_class", "trajectory", "agreement_histogram"}
    assert found["runs"]["normal_agreement"].tolist() == [4, 5]
    assert found["runs"]["train.seed"].tolist() == ["0", "1"]
    assert found["trajectory"]["epoch"].tolist() == [0, 1]
    assert found["agreement_histogram"]["run"].tolist() == ["study-1"] * 2 + ["study-2"] * 2
    assert shown.set_index("metric").loc["normal_agreement", "estimate"] == 4.5
    assert "all_share" not in set(shown["metric"])


def of_localization(*, seed, maps_):
    """What a run about localization leaves for comparison, in short."""
    params = {"train": {"seed": seed}, "localization": {"methods": ["saliency", f"m{seed}"]}}
    rates = {"method": ["saliency"], "area": [0.5 + seed]}
    return {
        "params.yaml": json.dumps(params),
        "metrics/training.json": json.dumps({"validation_loss": 0.1}),
        "metrics/localization.json": json.dumps({"gain": {"estimate": 0.1, "low": 0, "high": 0.2}}),
        "metrics/faithfulness.json": json.dumps({"gain": 0.3 + seed}),
        "metrics/localization.csv": maps_.to_csv(index=False),
        "metrics/faithfulness.csv": pd.DataFrame(rates).to_csv(index=False),
        "metrics/randomization.csv": "step,method\n0,saliency\n",
        "metrics/reinitialised.csv": reinitialised(0.1 + seed).to_csv(index=False),
    }


def test_tables_of_localization_keep_the_two_questions_of_one_name_apart(start):
    for seed in (0, 1):
        files = of_localization(seed=seed, maps_=maps(PRECISION))
        experiment(f"study-{seed + 1}", start, files)
    found, shown = tables.localization_tables(find_experiments(["study"], start="HEAD"))
    numbers = found["numbers"].set_index("metric")
    assert numbers.loc[["gain", "faithfulness_gain"], "estimate"].tolist() == pytest.approx(
        [0.1, 0.8]
    )
    assert "localization.methods" not in found["localization"]
    assert found["faithfulness"]["area"].tolist() == [0.5, 1.5]
    assert len(found["randomization"]) == 2
    fallen = found["reinitialised"].query("method == 'saliency'")
    assert fallen[["run", "train.seed"]].to_numpy().tolist() == [["study-1", "0"], ["study-2", "1"]]
    assert fallen["average_precision_drop"].tolist() == pytest.approx([0.1, 1.1])
    single = found["run_numbers"]
    assert list(single) == ["run", "train.seed", "metric", "estimate", "low", "high"]
    assert len(single) == 6
    single = single.set_index(["run", "metric"])
    for run, gain in (("study-1", 0.3), ("study-2", 1.3)):
        assert single.loc[(run, "faithfulness_gain"), "estimate"] == pytest.approx(gain)
        gain = single.loc[(run, "gain"), ["estimate", "low", "high"]].astype(float)
        assert gain.tolist() == pytest.approx([0.1, 0, 0.2], abs=1e-8)
        assert single.loc[(run, "validation_loss"), "estimate"] == pytest.approx(0.1)
    assert single["train.seed"].tolist() == ["0"] * 3 + ["1"] * 3
    assert shown["method"].tolist() == ["reconstruction_error", "saliency", "squared_saliency"]
    assert set(shown["runs"]) == {2}


def test_tables_of_representation_take_splits_for_repetitions(start):
    for number, (classes, auroc) in enumerate((([0], 0.6), ([1], 0.8)), start=1):
        params = {"split": {"normal_classes": classes}, "classifier": {"variants": {"n": number}}}
        table = detectors(auroc=auroc).to_csv(index=False)
        by_epoch = detectors(auroc=auroc).assign(epoch=number)[: number - 1].to_csv(index=False)
        files = {
            "params.yaml": json.dumps(params),
            "metrics/detection.csv": table,
            "metrics/detection_by_epoch.csv": by_epoch,
        }
        experiment(f"study-{number}", start, files)
    found, shown = tables.representation_tables(find_experiments(["study"], start="HEAD"))
    assert found["detection"]["split.normal_classes"].unique().tolist() == ["[0]", "[1]"]
    assert "classifier.variants" not in found["detection"]
    assert found["detection_by_epoch"][["run", "epoch"]].to_numpy().tolist() == [["study-2", 2]]
    score = shown[shown["detector"] == "max_logit"]
    assert score["auroc"].tolist() == pytest.approx([0.7])
    assert set(shown["novel_class"]) == {"all"}


def test_run_that_lacks_a_table_is_an_error_that_names_it(start):
    experiment("study", start, of_agreement())
    with pytest.raises(InputError, match=r"study has no metrics/trajectory\.csv: run it again"):
        tables.agreement_tables(find_experiments(["study"], start="HEAD"))
