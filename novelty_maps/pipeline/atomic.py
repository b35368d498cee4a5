"""Files that are there whole or not at all.

Every writer fills a temporary file beside the target and renames it, so that a reader sees the
old file or the new one, never a part. What a killed process left of such files is removed by the
next one that writes the same targets.
"""

import fcntl
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

_SUFFIX = ".part"  # of temporary files, .TARGET.RANDOM.part


class _Block:
    """The temporary files of targets that are replaced together, and the folders they are in."""

    def __init__(self, locks: ExitStack) -> None:
        self.waiting: dict[Path, Path] = {}  # temporary file to its target
        self._locks = locks
        self._dead: dict[Path, list[Path]] = {}  # folder to what dead processes left in it

    def make_way(self, path: Path) -> None:
        """Lock the folder of a target, and remove what dead processes left of this target."""
        if path.parent not in self._dead:
            self._dead[path.parent] = _lock(path.parent, self._locks)
        for file in self._dead[path.parent]:
            if file.name[1:].rsplit(".", 2)[0] == path.name:
                file.unlink(missing_ok=True)


def _lock(folder: Path, locks: ExitStack) -> list[Path]:
    """Lock a folder until `locks` are closed; returns the temporary files of dead processes.

    A process keeps a shared lock on every folder in which it has temporary files, and the system
    ends it with the process. Who gets the exclusive lock is therefore alone in the folder, and all
    temporary files in it are of dead processes.
    """
    handle = os.open(folder, os.O_RDONLY)
    locks.callback(os.close, handle)
    dead: list[Path] = []
    with suppress(OSError):  # another process writes there, or there are no locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        dead = sorted(folder.glob(f".*{_SUFFIX}"))
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH)
    return dead


_block: _Block | None = None


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Binary file that replaces `path` when the block ends well and vanishes when it does not.

    Args:
        path: Target; missing parent folders are made.

    Yields:
        A file open for writing.

    Raises:
        OSError: The disk is full, read-only or gone; it names `path`, which is left as it was.
    """
    if _block is None:
        with written_together(), atomic_write(path) as file:
            yield file
        return
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _block.make_way(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_SUFFIX)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            _block.waiting[Path(name)] = path
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An error of the disk names the target, not the temporary file."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        error.filename2 = None
        raise


@contextmanager
def written_together() -> Iterator[None]:
    """Files written in the block replace their targets when all are written, or none does."""
    global _block
    with ExitStack() as locks:
        _block = _Block(locks)
        try:
            yield
            for temporary, path in _block.waiting.items():
                with _naming(path):
                    temporary.replace(path)
        finally:
            for temporary in _block.waiting:
                temporary.unlink(missing_ok=True)
            _block = None


def remove_others(folder: Path, keep: Collection[Path]) -> None:
    """Delete the files of a folder that are not among `keep`: left over from other settings.

    Temporary files of a process that still writes there are left alone. The folder is made if it
    does not exist, so that a stage's output is there, if empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        dead = _lock(folder, locks)
        for file in sorted(folder.iterdir()):
            temporary = file.name.startswith(".") and file.suffix == _SUFFIX
            if file.is_file() and file not in keep and (file in dead or not temporary):
                file.unlink()
