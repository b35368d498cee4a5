"""One computation in several processes of this machine, which begin, fail and end together.

Each runs the same function, knows its `rank`, and talks to the others through `torch.distributed`:
gloo on CPUs, which share the threads, and NCCL on CUDA, a device each. The process that starts them
computes nothing: it waits, and where one fails or dies, or it is interrupted itself, it ends all.
"""

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Container, Iterator, Sequence
from datetime import timedelta
from multiprocessing import connection, get_context, parent_process
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import distributed
from tqdm import tqdm

from novelty_maps.machine import runtime
from novelty_maps.machine.devices import require_devices, select_device
from novelty_maps.pipeline.errors import InputError

# A process that waits for another one that died is ended from outside, never by this.
_TIMEOUT = timedelta(days=7)
_GRACE = 10.0  # seconds in which a process may tidy up before it is killed


def rank() -> int:
    """Place of this process among those of the computation, 0 for the first or only one."""
    return distributed.get_rank() if _grouped() else 0


def world_size() -> int:
    """Number of processes of the computation."""
    return distributed.get_world_size() if _grouped() else 1


def _grouped() -> bool:
    return distributed.is_available() and distributed.is_initialized()


class _Part(NamedTuple):
    """What a process is told beside its rank."""

    size: int
    device: str
    threads: int
    folder: str
    function: Callable[..., None]
    arguments: Sequence[Any]


def launch(function: Callable[..., None], *arguments: Any, processes: int, device: str) -> None:
    """Call a function in so many processes at once, or here if it is one.

    Of several, the first alone writes to the terminal.

    Args:
        function: Of a module, so that it can be imported; files are to be written by rank 0 alone.
        *arguments: Its arguments, which are pickled.
        processes: How many.
        device: As of `devices.select_device`.

    Raises:
        InputError: There are fewer CUDA devices than processes; a process raised it; or one was
            killed, and then all are.
        OSError: A process raised it.
        RuntimeError: A process raised anything else, whose traceback this holds.
    """
    require_devices(processes, device)
    if processes == 1:
        function(*arguments)
        return
    threads = max(1, torch.get_num_threads() // processes)
    with TemporaryDirectory() as folder:
        part = _Part(processes, device, threads, folder, function, arguments)
        started: list[SpawnProcess] = []
        errors: list[connection.Connection] = []
        try:
            for number in range(processes):
                _start(number, part, started, errors)
            codes, raised = _wait(started, errors)
        finally:
            _end(started)
    _raise_first(codes, raised)


def _start(
    number: int, part: _Part, started: list[SpawnProcess], errors: list[connection.Connection]
) -> None:
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(number, part, sender))
    with _without_ctrl_c():
        process.start()
    sender.close()
    started.append(process)
    errors.append(receiver)


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """What is started here never sees the Ctrl-C that a terminal sends to all processes."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(
    started: Sequence[SpawnProcess], errors: Sequence[connection.Connection]
) -> tuple[list[int | None], list[Exception | None]]:
    """Exit codes once all have ended or one has failed, None of those that go on; what they raised.

    An error is read as soon as it comes: a pipe holds little of a long one, and its process waits.
    """
    raised: dict[connection.Connection, Exception | None] = {}
    while True:
        codes = [process.exitcode for process in started]
        raised |= {error: _received(error) for error in _unread(errors, raised) if error.poll()}
        going_on = [p.sentinel for p, code in zip(started, codes, strict=True) if code is None]
        if any(codes) or not going_on:
            return codes, [raised.get(error) for error in errors]
        connection.wait([*going_on, *_unread(errors, raised)])


def _unread(
    errors: Sequence[connection.Connection], read: Container[connection.Connection]
) -> list[connection.Connection]:
    return [error for error in errors if error not in read]


def _received(error: connection.Connection) -> Exception | None:
    """What a process raised, or None if it ended without a word or in the middle of one."""
    with contextlib.suppress(EOFError, OSError):
        found: Exception = error.recv()
        return found
    return None


def _end(started: Sequence[SpawnProcess]) -> None:
    for process in started:
        process.terminate()
    deadline = time.monotonic() + _GRACE
    for process in started:
        process.join(max(0.0, deadline - time.monotonic()))
        process.kill()
        process.join()


def _raise_first(codes: Sequence[int | None], raised: Sequence[Exception | None]) -> None:
    """Raise what ended the processes, if anything did: a kill before the errors that follow it."""
    found = []
    for number, (code, error) in enumerate(zip(codes, raised, strict=True), 1):
        if code is not None and (code < 0 or code > 128):
            name = signal.Signals(abs(code) % 128).name
            raise InputError(
                f"process {number} of {len(codes)} was ended by {name}, so that the others were"
                " ended too: run the same command again, which goes on where it was; if memory was"
                " short, set fewer processes"
            )
        if code:
            found.append(error or RuntimeError(f"a process ended with status {code}"))
    # What another process makes of one that failed is no error of its own.
    for one in sorted(found, key=lambda one: isinstance(one, RuntimeError)):
        raise one


def _run(number: int, part: _Part, errors: connection.Connection) -> None:
    """What each process does."""
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if number:
        _be_silent()
    tqdm.set_lock(threading.RLock())  # its usual one is told to be lost after a kill
    runtime.prepare()
    torch.set_num_threads(part.threads)
    try:
        _join(number, part)
        part.function(*part.arguments)
        distributed.barrier()
    except Exception as error:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to be tidied up
        expected = isinstance(error, InputError | OSError)
        told = RuntimeError(f"process {number + 1}: {traceback.format_exc()}")
        errors.send(error if expected else told)
        sys.exit(1)
    distributed.destroy_process_group()


def _be_silent() -> None:
    """Write nothing to the terminal from here on, nor do the libraries."""
    with Path(os.devnull).open("w") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere.fileno(), stream.fileno())


def _join(number: int, part: _Part) -> None:
    """Be one of the group; they find each other through a file and talk inside this machine."""
    on_cuda = select_device(part.device).type == "cuda"
    if on_cuda:
        torch.cuda.set_device(number)  # what "cuda" then means
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)
    distributed.init_process_group(
        "nccl" if on_cuda else "gloo",
        store=distributed.FileStore(str(Path(part.folder) / "store"), part.size),  # type: ignore[attr-defined]
        rank=number,
        world_size=part.size,
        timeout=_TIMEOUT,
    )


def _end_with_parent() -> None:
    """End this process at once when the one that started it has ended, by whatever signal."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
