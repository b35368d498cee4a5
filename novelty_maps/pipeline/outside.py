"""Files that the pipeline does not make itself: where they lie, and the checksum of what they hold.

DVC sees a change in them by the checksum. It depends on names in a folder and on contents alone, so
that it is the same on every machine.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from novelty_maps.pipeline.atomic import atomic_write
from novelty_maps.pipeline.cache import cache_folder, file_digest

_SETTLED = 2 * 10**9  # nanoseconds after which another change has other times in any file system


def data_root() -> Path | None:
    """The folder of data sets that the environment variable DATASETS_ROOT names, if it does."""
    root = os.environ.get("DATASETS_ROOT")
    return Path(root) if root else None


def outside_path(name: str) -> Path:
    """Where a file of published weights or a folder of own images lies.

    Args:
        name: A path, ~ for the home folder. A relative one that does not exist is looked for in
            `data_root`, so that a setting can be the same on every machine, and in the folders in
            which DVC runs experiments.
    """
    path, root = Path(os.path.expanduser(name)), data_root()  # noqa: PTH111  (raises for ~nobody)
    found = path if root is None else root / path
    # Unlike Path's own, os.path's says no to what lies in a folder that may not be entered.
    exists = os.path.exists
    return found if exists(found) and not exists(path) else path


def weights_digest(name: str | None) -> str | None:
    """SHA-256 of a file of published weights; None if there is none that can be read."""
    if name is None:
        return None
    path = outside_path(name)
    try:
        return file_digests(path.parent, [path])[path]
    except OSError:  # the check says why
        return None


def file_digests(folder: Path, files: Iterable[Path]) -> dict[Path, str]:
    """SHA-256 of each file's content in hexadecimal, read only if it looks changed.

    What was read is remembered in the cache, by size and by the times of the last change of
    content and of the file's record, as long as there is a file of that name. A file that has just
    been changed is read again next time. Without a place for a cache, every file is read.

    Args:
        folder: What is remembered together.
        files: Files in it.

    Raises:
        OSError: A file cannot be read.
    """
    place = cache_folder("digests")
    memory = place and place / f"{_sha256(os.fsencode(folder.absolute()))[:32]}.json"
    known = _remembered(memory) if memory else {}
    found, seen, names = {}, {}, set()
    for file in files:
        status = file.stat()
        look = [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        name = file.relative_to(folder).as_posix()
        names.add(name)
        *before, digest = known.get(name) or [None]
        settled = time.time_ns() - max(look[2:]) > _SETTLED
        found[file] = digest if before == look else file_digest(file)
        if settled:
            seen[name] = [*look, found[file]]
    seen |= {name: known[name] for name in known.keys() - names if (folder / name).is_file()}
    if memory and seen != known:
        with suppress(OSError), atomic_write(memory) as stream:
            stream.write(json.dumps(seen).encode())
    return found


def checksum(folder: Path, digests: Mapping[Path, str]) -> str:
    """SHA-256 of what `sha256sum` prints for files, sorted by their names in a folder."""
    lines = sorted(
        (os.fsencode(path.relative_to(folder).as_posix()), digest.encode())
        for path, digest in digests.items()
    )
    return _sha256(b"".join(b"%b  %b\n" % (digest, name) for name, digest in lines))


def write_found(path: Path, **found: str | int | None) -> None:
    """Write what is known of an input, such as its SHA-256; null if there is none to be read."""
    with atomic_write(path) as file:
        file.write(json.dumps(found, indent=2).encode() + b"\n")


def _remembered(memory: Path) -> dict[str, list[Any]]:
    try:
        known = json.loads(memory.read_bytes())
    except (OSError, ValueError):  # none yet, or damaged
        return {}
    return known if isinstance(known, dict) else {}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
