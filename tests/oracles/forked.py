"""What would need a new process, in a fork of this one: it has imported all that takes long."""

import os
import runpy
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import IO, NamedTuple, NoReturn

Function = Callable[[], int | str | None]


class Fork:
    """A fork that runs a function, as `subprocess.Popen` runs a program.

    Attributes:
        pid: Its process.
        returncode: Exit status, None until it was seen to have ended.
    """

    def __init__(
        self,
        function: Function,
        *,
        out: IO[bytes],
        err: IO[bytes],
        process_group: int | None = None,
    ) -> None:
        self.returncode: int | None = None
        # Those of pytest, too, which loggers keep.
        outs, errs = {1, sys.stdout.fileno()}, {2, sys.stderr.fileno()}
        sys.stdout.flush(), sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            if process_group is not None:
                os.setpgid(0, process_group)
            for stream in outs:
                os.dup2(out.fileno(), stream)
            for stream in errs:
                os.dup2(err.fileno(), stream)
            _end_with(function)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float = 120) -> int:
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


class Ended(NamedTuple):
    """What a fork left: exit status, and what it printed."""

    status: int
    out: str
    err: str


def in_fork(function: Function) -> Ended:
    """Run a function in a fork that exits with the status that it returns or raises."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        status = Fork(function, out=out, err=err).wait()
        out.seek(0), err.seek(0)
        return Ended(status, out.read().decode(), err.read().decode())


def run_module(name: str, *arguments: str) -> Ended:
    """As `python -m NAME ARGUMENTS...`."""

    def run() -> None:
        sys.argv = [name, *arguments]
        sys.modules.pop(name, None)
        runpy.run_module(name, run_name="__main__", alter_sys=True)

    return in_fork(run)


def _end_with(function: Function) -> NoReturn:
    """End as the interpreter does after a function."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout, sys.stderr = (os.fdopen(stream, "w", 1, closefd=False) for stream in (1, 2))
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
