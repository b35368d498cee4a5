"""A server of warm_python.py for all workers of the suite, and workspaces to start from."""

import os
import sys
import tempfile
import time
from pathlib import Path

import pytest
from runs.shared import filled_once, process_of_the_suite
from runs.workspace import WARM_PYTHON, Workspace


@pytest.fixture(scope="session", autouse=True)
def warm_python(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Server that WARM_PYTHON in the environment names; all its clients inherit the name.

    It ends with the suite and removes its folder.
    """
    with filled_once(tmp_path_factory, "warm_python") as (folder, first):
        name = folder / "address"
        if first:
            address = Path(tempfile.mkdtemp()) / "socket"  # the path of a socket must be short
            served = [sys.executable, WARM_PYTHON, "--serve", address, str(process_of_the_suite())]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            server = os.spawnve(os.P_NOWAIT, sys.executable, served, environment)  # noqa: S606
            while not address.exists():
                assert os.waitpid(server, os.WNOHANG) == (0, 0)
                time.sleep(0.02)
            name.write_text(str(address))
        os.environ["WARM_PYTHON"] = name.read_text()


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
