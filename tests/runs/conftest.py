"""A server of warm_python.py for each worker of the suite, and workspaces to start from."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs.workspace import WARM_PYTHON, Workspace


@pytest.fixture(scope="session", autouse=True)
def warm_python() -> Iterator[None]:
    """Server that WARM_PYTHON in the environment names; all its clients inherit the name."""
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket must be short
        address = Path(folder) / "socket"
        server = subprocess.Popen(
            [sys.executable, str(WARM_PYTHON), "--serve", str(address)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        try:
            while not address.exists():
                assert server.poll() is None
                time.sleep(0.02)
            os.environ["WARM_PYTHON"] = str(address)
            yield
        finally:
            os.environ.pop("WARM_PYTHON", None)
            server.kill()
            server.wait()


@pytest.fixture(scope="session")
def finished(warm_python: None, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which every stage has run once; not to be changed."""
    workspace = Workspace.tiny(tmp_path_factory.mktemp("finished"))
    workspace.run_all()
    return workspace


@pytest.fixture
def workspace(finished: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the finished workspace that a test may spoil."""
    return finished.copied_to(tmp_path / "workspace")
