"""One server of warm_python.py for each worker of the suite."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

WARM_PYTHON = Path(__file__).with_name("warm_python.py")


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
