"""Experiments whose numbers are those of the commit that they started from are refused."""

from pathlib import Path

import pytest
from oracles.scratch_experiments import commit, experiment, git

from novelty_maps.pipeline.errors import InputError
from studies.experiments import find_experiments
from studies.up_to_date import require_up_to_date

LOCK = """
schema: '2.0'
stages:
  train:
    cmd: python train.py
    params: {{params.yaml: {{train.seed: {trained}}}}}
    outs: [{{path: weights, md5: {weights}}}]
  metrics:
    cmd: python metrics.py
    deps: [{{path: code.py, md5: c}}, {{path: weights, md5: {read}}}]
    params: {{params.yaml: {{metrics: {{k: {measured}}}}}}}
    outs: [{{path: metrics.json, md5: m}}]
"""
PARAMS = "train:\n  seed: 1\nmetrics:\n  k: 1e-05\n"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """What makes an experiment of a lock file."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    start = commit({"readme": "text"})

    def make(trained="1", weights="a", read="a", measured="1e-05", *, lock=LOCK):
        text = lock.format(trained=trained, weights=weights, read=read, measured=measured)
        experiment("mine", start, {"params.yaml": PARAMS, "dvc.lock": text})
        return find_experiments(["mine"], start=start)

    return make


def test_whole_run_passes(made):
    require_up_to_date(made(), Path("metrics.json"))


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"weights": "b"}, "metrics"),  # trained anew, and not measured
        ({"measured": "2"}, "metrics"),  # another K, and not measured
        ({"trained": "0"}, "train"),
    ],
)
def test_stage_that_was_not_run_is_named(made, changes, stage):
    said = f"experiment mine was not run to the stage {stage}, so that its metrics.json is of other"
    with pytest.raises(InputError, match=said):
        require_up_to_date(made(**changes), Path("metrics.json"))


def test_what_the_file_does_not_depend_on_is_not_looked_at(made):
    require_up_to_date(made(measured="2", read="b"), Path("weights"))
    require_up_to_date(made(measured="2"), Path("other.json"))


def test_experiment_without_a_lock_passes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    start = commit({"readme": "text"})
    experiment("mine", start, {"params.yaml": PARAMS})
    require_up_to_date(find_experiments(["mine"], start=start), Path("metrics.json"))
