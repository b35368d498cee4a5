"""Studies of agreement, looked up as their page does."""

import json

import pandas as pd
import pytest

from novelty_maps.pipeline.errors import InputError
from novelty_maps.statistics.over_runs import RunsInterval
from studies import findings
from studies.agreement import EPOCHS, AgreementStudies
from studies.findings import Finding

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


def evaluated(epoch, agreement, **settings):
    """A row of a study's trajectory; `.` of a setting's name is `__`."""
    cells = {name.replace("__", "."): json.dumps(value) for name, value in settings.items()}
    return {"run": "study-1", **cells, "epoch": epoch, "k": 10, "agreement": agreement}


@pytest.fixture
def both(tmp_path):
    """The authors' three runs and three of ours, each with epochs of its own."""
    files = {"plain-a-050": 3.0, "plain-a-100": 5.0, "plain-b-500": 2.0, "noisy-500": 8.0}
    theirs = [
        evaluated(0, value, train__from_checkpoint=f"authors-weights/{name}.pt")
        for name, value in files.items()
    ]
    ours = [
        evaluated(20, 6.0, train__seed=0),
        evaluated(500, 4.0, train__seed=0),
        evaluated(300, 1.0, train__seed=1),  # not in the order of epochs
        evaluated(20, 7.0, train__seed=1),
        evaluated(20, 9.0, train__seed=0, train__noise_std=0.025),
    ]
    write(tmp_path, "authors-weights", trajectory=theirs)
    write(tmp_path, "authors-setting", trajectory=ours)
    return AgreementStudies(tmp_path)


NETWORK = ["source", "training", "run", "epoch"]
LAST = [
    ["authors", "plain", "a", 100, 10, 5.0],
    ["authors", "plain", "b", 500, 10, 2.0],
    ["authors", "denoising", "", 500, 10, 8.0],
    ["ours", "plain", "seed 0", 500, 10, 4.0],
    ["ours", "plain", "seed 1", 300, 10, 1.0],
    ["ours", "denoising", "seed 0", 20, 10, 9.0],
]
EARLIER = [
    ["authors", "plain", "a", 50, 10, 3.0],
    ["ours", "plain", "seed 0", 20, 10, 6.0],
    ["ours", "plain", "seed 1", 20, 10, 7.0],
]


def test_networks_are_the_authors_and_ours_a_row_a_run_after_an_epoch(both):
    networks = both.networks()
    assert list(networks) == [*NETWORK, "k", "agreement"]
    assert sorted(networks.to_numpy().tolist()) == sorted(LAST + EARLIER)
    assert networks.index.tolist() == list(range(9))
    assert networks["source"].tolist() == ["authors"] * 4 + ["ours"] * 5


def test_last_network_of_a_run_is_that_of_its_own_last_epoch(both):
    last = both.last_networks()
    assert list(last) == [*NETWORK, "k", "agreement"]
    assert last.to_numpy().tolist() == LAST
    assert last.index.tolist() == list(range(6))


def test_shown_epochs_are_averaged_with_their_neighbours(tmp_path):
    """Others are left out, as are runs at epochs at which they were not evaluated."""
    theirs = [
        evaluated(0, value, train__from_checkpoint=f"authors-weights/{name}.pt")
        for name, value in {"plain-a-100": 5.0, "plain-a-050": 3.0, "noisy-500": 8.0}.items()
    ]
    curves = {0: {19: 1.0, 20: 2.0, 21: 6.0, 30: 9.0, 500: 4.0, 499: 3.0}, 1: {21: 5.0, 150: 7.0}}
    ours = [
        evaluated(epoch, value, train__seed=seed)
        for seed, curve in curves.items()
        for epoch, value in curve.items()
    ]
    write(tmp_path, "authors-weights", trajectory=theirs)
    write(tmp_path, "authors-setting", trajectory=ours)
    found = AgreementStudies(tmp_path).smoothed()
    assert sorted(found[[*NETWORK, "agreement"]].to_numpy().tolist()) == [
        ["authors", "denoising", "", 500, 8.0],
        ["authors", "plain", "a", 50, 3.0],
        ["authors", "plain", "a", 100, 5.0],
        ["ours", "plain", "seed 0", 20, 3.0],
        ["ours", "plain", "seed 0", 500, 3.5],
        ["ours", "plain", "seed 1", 150, 7.0],
    ]
    assert found["epoch"].is_monotonic_increasing
    assert found.index.tolist() == list(range(6))


def test_every_epoch_that_was_published_is_shown(both):
    """Without a neighbour among the shown epochs: none is averaged with another."""
    assert set(EPOCHS) >= {50, *range(100, 501, 50)}
    networks = both.networks()
    theirs = networks[networks["source"] == "authors"]
    smoothed = both.smoothed()
    assert len(smoothed[smoothed["source"] == "authors"]) == len(theirs)


def test_verdicts_count_runs_and_not_their_epochs(both, monkeypatch):
    """Above 4.5 are 3 of 6 last networks, and 5 of all 9."""
    high = Finding(1, "", "", lambda row: row["agreement"] > 4.5)
    low = Finding(2, "", "", lambda row: row["agreement"] < 10)
    monkeypatch.setattr(findings, "FINDINGS", (high, low))
    assert [verdict[1:] for verdict in both.verdicts()] == [(3, 6, "depends"), (6, 6, "holds")]


@pytest.mark.parametrize("study", ["authors-weights", "authors-setting"])
def test_networks_of_a_study_that_was_not_run_are_asked_for(both, tmp_path, study):
    (tmp_path / study / "trajectory.csv").unlink()
    with pytest.raises(InputError, match=f"run `make {study}`"):
        both.networks()


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


def test_role_table_is_of_the_first_seed_and_every_set_or_of_sets_of_one_size(tmp_path):
    """Two normal digits of three, and one of two."""
    seeds = [("seeds-6", 10, 0, label, int(label == 2)) for label in (0, 1, 2)]
    seeds += [("seeds-1", 5, 0, 0, 0), ("seeds-7", 10, 1, 0, 0)]
    columns = ["run", "metrics.k", "train.seed", "label", "novel"]
    write(tmp_path, "seeds", by_class=pd.DataFrame(seeds, columns=columns))
    others = [("classes-1", label, int(label == 0)) for label in (0, 1)]
    write(tmp_path, "classes", by_class=pd.DataFrame(others, columns=["run", "label", "novel"]))
    studies = AgreementStudies(tmp_path)
    found = {digits: studies.role_table(digits)["run"].tolist() for digits in (None, 1, 2, 3)}
    six, one = ["seeds-6"] * 3, ["classes-1"] * 2
    assert found == {None: six + one, 1: one, 2: six, 3: []}
