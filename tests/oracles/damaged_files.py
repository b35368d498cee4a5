"""Files that no reader may take, and one that shows whether a reader executes code."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any


class RunsOnLoad:
    """Unpickling this makes a file: the mark that code was executed."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (os.mkdir, (str(self.marker),))


def missing(path: Path) -> None:
    assert not path.exists()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_npy(path: Path) -> None:
    path.write_bytes(b"these are not the bytes of an array")


def broken_zip(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 and then nothing")


def bare_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(RunsOnLoad(path.parent / "marker"), protocol=2))
