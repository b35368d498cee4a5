"""Workspaces to start from."""

from pathlib import Path

import pytest
from runs.shared import filled_once
from runs.workspace import Workspace


@pytest.fixture(scope="session", autouse=True)
def _warm(warm_python: None) -> None:
    """Stages and DVC start fast in all tests here."""


@pytest.fixture(scope="session")
def finished(warm_python: None, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which every stage has run once; not to be changed."""
    with filled_once(tmp_path_factory, "finished") as (folder, first):
        if not first:
            return Workspace(folder)
        workspace = Workspace.tiny(folder)
        workspace.run_all()
        return workspace


@pytest.fixture
def workspace(finished: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the finished workspace that a test may spoil."""
    return finished.copied_to(tmp_path / "workspace")
