"""Workspaces for stages that are called in process."""

import shutil
from pathlib import Path

import pytest
from oracles.small_run import DETECTORS, MAPS, METRICS, PLOTS, TRAIN, write_small_run

from stages import maps, metrics, plots, ranks, trajectory, trajectory_ranks


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, as the working folder."""
    place = tmp_path / "workspace"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.delenv("DATASETS_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    return place


@pytest.fixture(scope="session")
def finished_agreement(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the stages of agreement have run; not to be changed."""
    folder = tmp_path_factory.mktemp("finished_agreement")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_small_run()
        maps.main(MAPS, DETECTORS)
        ranks.main(METRICS)
        metrics.main(METRICS)
        trajectory_ranks.main(MAPS, TRAIN)
        trajectory.main(METRICS)
        plots.main(PLOTS)
    return folder


@pytest.fixture
def agreement_workspace(
    finished_agreement: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of it that a test may spoil, as the working folder."""
    monkeypatch.chdir(shutil.copytree(finished_agreement, tmp_path / "workspace"))
