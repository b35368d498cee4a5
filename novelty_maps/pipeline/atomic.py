"""Files that are there whole or not at all.

Every writer fills a temporary file beside the target and renames it, so that a reader sees the
old file or the new one, never a part.
"""

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            if _held_back is None:
                Path(name).replace(path)
            else:
                _held_back[Path(name)] = path
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        error.filename = str(path)
        error.filename2 = None
        raise


_held_back: dict[Path, Path] | None = None


@contextmanager
def written_together() -> Iterator[None]:
    """Files written in the block replace their targets when all are written, or none does."""
    global _held_back
    _held_back = {}
    try:
        yield
        for temporary, path in _held_back.items():
            temporary.replace(path)
    finally:
        for temporary in _held_back:
            temporary.unlink(missing_ok=True)
        _held_back = None


def remove_others(folder: Path, keep: Collection[Path]) -> None:
    """Delete the files of a folder that are not among `keep`: left over from other settings.

    The folder is made if it does not exist, so that a stage's output is there, if empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(folder.iterdir()):
        if file.is_file() and file not in keep:
            file.unlink()
