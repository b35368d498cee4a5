"""What outlives a run: a folder outside the workspace, and the checksum that names things in it."""

import hashlib
import os
import tempfile
from pathlib import Path


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Checksum of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def cache_folder(name: str) -> Path | None:
    """Folder for what outlives a run and belongs to no output: downloads and checkpoints.

    It lies outside the workspace because DVC runs queued and temporary experiments in workspaces
    of their own, which it deletes. A relative path in XDG_CACHE_HOME is none, as its
    specification says.

    Returns:
        The folder, which may not exist yet; None for a user without a home folder.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".cache"
        except RuntimeError:  # neither HOME nor an entry for the user
            return None
    return base / "novelty-maps" / name


def refusal(folder: Path) -> str | None:
    """Why nothing can be written into a folder, which is made if need be; None if it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)
