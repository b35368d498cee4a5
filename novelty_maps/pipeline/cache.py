"""What outlives a run: a folder outside the workspace, and the checksum that names things in it."""

import hashlib
import os
from pathlib import Path


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Checksum of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def cache_folder(name: str) -> Path:
    """Folder for what outlives a run and belongs to no output: downloads and checkpoints.

    It lies outside the workspace because DVC runs queued and temporary experiments in workspaces
    of their own, which it deletes.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "novelty-maps" / name
