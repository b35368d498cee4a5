"""Folders that the suite's workers, processes of pytest-xdist, share: the first one fills them."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def filled_once(factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder and whether the caller has to fill it, while no other worker looks at it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, filled = base / name, base / f"{name}.filled"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        first = not filled.exists()
        if first:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield folder, first
        filled.touch()


def process_of_the_suite() -> int:
    """The process whose end is that of the suite."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
