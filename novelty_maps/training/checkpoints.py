"""Where an interrupted training goes on from."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from novelty_maps.pipeline import formats
from novelty_maps.pipeline.cache import cache_folder, file_digest
from novelty_maps.training.loop import TrainingState


def source_files(package: str) -> list[Path]:
    """The source files that decide how a network of a package of this library is trained."""
    library = Path(__file__).parents[1]
    folders = [library / name for name in (package, "networks", "training")]
    return [file for folder in folders for file in sorted(folder.glob("*.py"))]


class Checkpoint:
    """File with the training state of one exact run: same parameters, data, code and machine.

    A run that differs in any of them has another file, so that it never goes on from a state
    that it would not have reached itself.

    Args:
        settings: Parameters of the run.
        files: Data and source files that decide the result.
    """

    def __init__(self, settings: Mapping[str, Any], files: list[Path]) -> None:
        parts = {
            "settings": dict(settings),
            "files": [file_digest(file) for file in files],
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
        }
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        self.path = cache_folder("checkpoints") / f"{digest[:32]}.pt"

    def load(self) -> TrainingState | None:
        """State after the last finished epoch, or None if the run is new."""
        if not self.path.exists():
            return None
        values = formats.read_torch(self.path, remedy="delete it to train from the beginning")
        return TrainingState(**values)

    def save(self, state: TrainingState) -> None:
        """Replace the file, whole or not at all."""
        formats.write_torch(self.path, state.as_dict())

    def remove(self) -> None:
        """Forget the run, once its results are written."""
        self.path.unlink(missing_ok=True)
