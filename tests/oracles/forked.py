"""What would need a new process, in a fork of this one: it has imported all that takes long."""

import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import NamedTuple, NoReturn


class Ended(NamedTuple):
    """What a fork left: exit status, and what it printed."""

    status: int
    out: str
    err: str


def in_fork(function: Callable[[], int | None]) -> Ended:
    """Run a function in a fork that exits with the status that it returns or raises."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            end_with(function)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0), err.seek(0)
        return Ended(status, out.read().decode(), err.read().decode())


def run_module(name: str, *arguments: str) -> Ended:
    """As `python -m NAME ARGUMENTS...`."""

    def run() -> None:
        sys.argv = [name, *arguments]
        sys.modules.pop(name, None)
        runpy.run_module(name, run_name="__main__", alter_sys=True)

    return in_fork(run)


def end_with(function: Callable[[], int | None]) -> NoReturn:
    """End this process, a fork, as the interpreter does after a function."""
    sys.stdout, sys.stderr = (os.fdopen(stream, "w", closefd=False) for stream in (1, 2))
    status: int | str | None = 1
    try:
        status = function()
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    if isinstance(status, str):
        print(status, file=sys.stderr)
        status = 1
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(status or 0)
