"""What holds for all tests, whatever the environment and however slow the machine.

Property tests draw the same examples in every run. matplotlib is imported with a backend that is
installed.
"""

import os

import pytest
from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _own_checkpoints(monkeypatch):
    """No test reads or writes a folder of checkpoints that machines share."""
    monkeypatch.delenv("CHECKPOINTS_ROOT", raising=False)
