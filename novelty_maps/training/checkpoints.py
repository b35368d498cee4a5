"""Where an interrupted training goes on from."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from novelty_maps.machine.devices import processor
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.cache import cache_folder, file_digest, refusal
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training import parallel
from novelty_maps.training.state import TrainingState


def source_files(package: str) -> list[Path]:
    """The source files that decide how a network of a package of this library is trained."""
    library = Path(__file__).parents[1]
    folders = [library / name for name in (package, "networks", "training")]
    return [file for folder in folders for file in sorted(folder.glob("*.py"))]


def checkpoints_folder() -> Path | None:
    """Folder for checkpoints: CHECKPOINTS_ROOT, which machines can share, or one of the user.

    Returns:
        The folder, which may not exist yet; None for a user without a home folder.

    Raises:
        InputError: The variable has a relative path.
    """
    given = os.environ.get("CHECKPOINTS_ROOT")
    if not given:
        return cache_folder("checkpoints")
    if not Path(given).is_absolute():
        raise InputError(
            f"CHECKPOINTS_ROOT={given} is not absolute, and DVC runs stages in folders of its own"
        )
    return Path(given)


class Checkpoint:
    """File with the training state of one exact run: same parameters, data, code and machine.

    A run that differs in any of them has another file, so that it never goes on from a state
    that it would not have reached itself. Without a place for the file, training goes without it.

    Args:
        settings: Parameters of the run.
        files: Data and source files that decide the result.
        device: Where the network is trained.
        threads: On so many (`loop.threads_of`), which may be fewer than are set.

    Attributes:
        path: The file; None if it cannot be kept.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        files: list[Path],
        *,
        device: torch.device,
        threads: int,
    ) -> None:
        parts = {
            "settings": dict(settings),
            "files": [file_digest(file) for file in files],
            "torch": torch.__version__,
            "threads": threads,
            "processor": processor(device),
        }
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        folder = checkpoints_folder()
        self.path = None if folder is None else folder / f"{digest[:32]}.pt"

    def load(self) -> TrainingState | None:
        """State after the last finished epoch, or None if the run is new.

        Of several processes the first one finds the file, and all read that one: each has another
        where their devices differ. If nothing can be kept in its place, that is said on stderr.
        """
        self.path, there = parallel.found_by_first(self._find)
        if self.path is None or not there:
            return None
        values = formats.read_torch(self.path, remedy="delete it to train from the beginning")
        return TrainingState(**values)

    def _find(self) -> tuple[Path | None, bool]:
        """The file, None if it cannot be kept, and whether it is there."""
        reason = "no home folder" if self.path is None else refusal(self.path.parent)
        if reason is not None:
            where = "" if self.path is None else f" in {self.path.parent}"
            print(
                f"note: the state of training cannot be kept{where} ({reason}), so that training"
                " goes on but would begin again after an interruption: set CHECKPOINTS_ROOT to a"
                " folder to keep it in",
                file=sys.stderr,
            )
            return None, False
        assert self.path is not None
        return self.path, self.path.exists()

    def save(self, state: TrainingState) -> None:
        """Replace the file, whole or not at all."""
        if self.path is not None:
            formats.write_torch(self.path, state.as_dict())

    def remove(self) -> None:
        """Forget the run, once its results are written."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
