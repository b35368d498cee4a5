"""What holds for all tests, whatever the environment and however slow the machine.

Property tests draw the same examples in every run. matplotlib is imported with a backend that is
installed. Vega's JavaScript, which takes a second to bundle, is bundled once. The garbage collector
leaves alone what was imported and collected as tests: it would walk through all of that many times.
"""

import functools
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest
import vl_convert
from hypothesis import settings
from runs.shared import filled_once, process_of_the_suite

_WARM_SERVER = Path(__file__).with_name("runs") / "warm_server.py"

_LONG = ("tests/runs/test_reproduction.py", "tests/runs/test_two_machines.py", "tests/runs/")
os.environ["MPLBACKEND"] = "Agg"
vl_convert.javascript_bundle = functools.cache(vl_convert.javascript_bundle)
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Tests are collected without the garbage collector, which then forgets all that is there."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 20, 100)
    return collected


def pytest_collection_modifyitems(items):
    """Long files come first, so that no worker ends alone with one; else the order is kept."""
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in _LONG])


@pytest.fixture(autouse=True)
def _own_checkpoints(monkeypatch):
    """No test reads or writes a folder of checkpoints that machines share."""
    monkeypatch.delenv("CHECKPOINTS_ROOT", raising=False)


@pytest.fixture(scope="session")
def warm_python(tmp_path_factory):
    """Server of runs/warm_server.py for all workers, which WARM_PYTHON in the environment names.

    It ends with the suite and removes its folder.
    """
    with filled_once(tmp_path_factory, "warm_python") as (folder, first):
        name = folder / "address"
        if first:
            address = Path(tempfile.mkdtemp()) / "socket"  # the path of a socket must be short
            served = [sys.executable, _WARM_SERVER, address, str(process_of_the_suite())]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            server = os.spawnve(os.P_NOWAIT, sys.executable, served, environment)  # noqa: S606
            while not address.exists():
                assert os.waitpid(server, os.WNOHANG) == (0, 0)
                time.sleep(0.02)
            name.write_text(str(address))
        os.environ["WARM_PYTHON"] = name.read_text()
