"""Experiments side by side: which ones are found, and what differs."""

import pytest
from oracles.scratch_experiments import commit, experiment, git, of_agreement

from novelty_maps.agreement.files import AGREEMENT_METRICS, BY_CLASS, TRAJECTORY
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training.files import TRAINING_METRICS
from studies.experiments import (
    find_experiments,
    place_in_git,
    read_metrics,
    read_table,
    varied_settings,
)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository whose HEAD three experiments of one study and one of another start from."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    start = commit({"readme": "text"})
    for name, rate, seed, agreement in (
        ("study-2", 0.1, 1, 5.0),
        ("study-10", 0.2, 0, 7.0),
        ("study-1", 0.1, 0, 4.0),
        ("other", 0.3, 0, 1.0),
    ):
        experiment(name, start, of_agreement(rate=rate, seed=seed, agreement=agreement))
    return tmp_path


def found(*names, start="HEAD"):
    return find_experiments(names, start=start)


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
    commit({"more": "text"})
    with pytest.raises(InputError, match=r"there: none"):
        found("study")
    assert len(found("study", start="HEAD~1")) == 3


def test_unknown_revision_is_an_error(repository):
    with pytest.raises(InputError, match="nowhere"):
        found("study", start="nowhere")


def test_folder_without_a_repository_is_told_how_to_become_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError, match=r"\(not a git repository.*`git init && git add \. && git"):
        found("study")
    git("init", "-q")
    with pytest.raises(InputError, match=r"'HEAD' names no commit.*git commit"):
        found("study")


def test_machine_without_git_is_told_so(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(InputError, match="git, which keeps the experiments, is not installed"):
        found("study")


@pytest.mark.parametrize("name", ["inner", "my project (1), é"])
def test_experiments_of_a_folder_in_another_repository_are_read_there(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    start = commit({"readme": "of the other project"})
    assert place_in_git() == (".", "")
    files = of_agreement(rate=0.5, agreement=3.0)
    experiment("mine", start, {f"{name}/{path}": text for path, text in files.items()})
    (tmp_path / name).mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path / name)
    (one,) = found("mine")
    assert one.settings["train.learning_rate"] == 0.5
    assert read_table(one, BY_CLASS)["agreement"].tolist() == [1, 2]
    assert read_metrics(one, {AGREEMENT_METRICS: ""})["normal_agreement"] == 3.0
    assert place_in_git() == ("../", f"{name}/")


def test_experiment_without_parameters_is_named(repository):
    experiment("bare", git("rev-parse", "HEAD"), {"only": "this"})
    with pytest.raises(InputError, match=r"experiment bare has no params\.yaml"):
        found("bare")


def test_missing_metrics_are_an_error_that_names_experiment_and_file(repository):
    (experiment,) = found("other")
    with pytest.raises(InputError, match=r"other has no metrics/trajectory\.csv: run it again"):
        read_table(experiment, TRAJECTORY)
    assert read_table(experiment, BY_CLASS)["agreement"].tolist() == [1, 2]


def test_settings_that_differ_are_the_columns(repository):
    table = varied_settings(found("study"))
    assert table.to_dict("list") == {
        "run": ["study-1", "study-2", "study-10"],
        "train.learning_rate": ["0.1", "0.1", "0.2"],
        "train.seed": ["0", "1", "0"],
    }


def test_metrics_are_one_row_and_each_file_has_its_prefix(repository):
    (experiment,) = found("other")
    row = read_metrics(experiment, {TRAINING_METRICS: "", AGREEMENT_METRICS: "of_maps_"})
    assert row == {
        "validation_loss": 0.3,
        "of_maps_normal_agreement": 1.0,
        "of_maps_normal_agreement_low": 0.8,
        "of_maps_normal_agreement_high": 1.2,
    }
