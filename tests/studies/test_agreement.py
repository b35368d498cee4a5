"""Studies of agreement, looked up as their page does."""

import pandas as pd
import pytest

from novelty_maps.pipeline.errors import InputError
from novelty_maps.statistics import RunsInterval
from studies.agreement import AgreementStudies

NUMBER = RunsInterval(estimate=4.5, low=4.25, high=4.75, sd=0.2, runs=5)


@pytest.fixture
def studies(tmp_path):
    (tmp_path / "study").mkdir()
    rows = [
        {"metrics.k": k, "train.noise_std": 0.5, "metric": "agreement", **NUMBER._asdict()}
        for k in (5, 10)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "study/summary.csv", index=False)
    return AgreementStudies(tmp_path)


def test_number_is_looked_up_by_setting(studies):
    assert studies.number("study", "agreement", k=10, noise_std=0.5) == NUMBER


def test_number_that_is_not_there_or_not_unique_is_an_error(studies):
    with pytest.raises(InputError, match="2 rows of study are agreement"):
        studies.number("study", "agreement")
    with pytest.raises(InputError, match=r"0 rows .* \{'k': 7\}"):
        studies.number("study", "agreement", k=7)
    with pytest.raises(InputError, match="run `make nothing`"):
        studies.number("nothing", "agreement")


def write(folder, study, **tables):
    for name, rows in tables.items():
        (folder / study).mkdir(exist_ok=True)
        pd.DataFrame(rows).to_csv(folder / study / f"{name}.csv", index=False)


def trained(rate=0.1, epoch=1, **more):
    return {"train.learning_rate": rate, "epoch": epoch, **more}


@pytest.fixture
def three(tmp_path):
    """Studies that share networks; 0.2 has the lowest loss."""
    losses = [{"train.learning_rate": 0.1, "validation_loss": 0.5}]
    losses.append({"train.learning_rate": 0.2, "validation_loss": 0.4})
    rates = [trained(0.1), trained(0.2)]
    write(tmp_path, "learning-rates", runs=losses, trajectory=rates)
    seeds = [{"metrics.k": k, "train.seed": seed, "epoch": 1} for k in (5, 10) for seed in (0, 1)]
    write(tmp_path, "seeds", trajectory=seeds)
    long = [trained(0.2, 1), trained(0.2, 50), trained(0.2, 1, **{"train.noise_std": 0.2})]
    write(tmp_path, "trajectories", trajectory=long)
    return AgreementStudies(tmp_path)


def test_rate_is_chosen_by_the_lowest_loss(three):
    assert three.chosen_rate() == 0.2


def test_network_that_studies_share_counts_once(three):
    found = three.networks()[["train.learning_rate", "train.seed", "train.noise_std", "epoch"]]
    assert found.to_numpy().tolist() == [
        [0.1, 0, 0, 1],
        [0.2, 0, 0, 1],
        [0.2, 1, 0, 1],
        [0.2, 0, 0, 50],
        [0.2, 0, 0.2, 1],
    ]


def test_sets_of_classes_are_those_of_the_study_and_the_papers(tmp_path):
    seeds = [{"run": "seeds-6", "metrics.k": 10, "train.seed": 0}]
    seeds.append({"run": "seeds-7", "metrics.k": 10, "train.seed": 1})
    write(tmp_path, "seeds", runs=seeds)
    write(tmp_path, "classes", runs=[{"run": "classes-1", "split.normal_classes": "[5, 6]"}])
    found = AgreementStudies(tmp_path).class_sets()
    assert [(row["run"], row["classes"], row["normal_digits"]) for row in found] == [
        ("seeds-6", "0, 1, 2, 3, 4", 5),
        ("classes-1", "5, 6", 2),
    ]
