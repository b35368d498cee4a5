"""What holds for all tests, whatever the environment and however slow the machine.

Property tests draw the same examples in every run. matplotlib is imported with a backend that is
installed. Vega's JavaScript, which takes a second to bundle, is bundled once. The garbage collector
leaves alone what was imported and collected as tests: it would walk through all of that many times.
"""

import functools
import gc
import os

import pytest
import vl_convert
from hypothesis import settings

_LONG = ("tests/runs/test_reproduction.py", "tests/runs/")
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
