"""Files of experiments that DVC keeps."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from novelty_maps.pipeline.errors import InputError
from studies.experiments import Experiment, place_in_git


@contextmanager
def files_of(experiment: Experiment, paths: Iterable[Path]) -> Iterator[None]:
    """A folder of its own, as working directory, with files of an experiment from DVC's cache.

    It goes at the end; arrays that are memory-mapped from it stay readable.

    Args:
        experiment: The experiment.
        paths: Files that DVC keeps, below the project's folder.

    Raises:
        InputError: One is neither in the cache nor in the DVC remote.
    """
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException

    up, down = place_in_git()
    kept = DVCFileSystem(url=up, rev=experiment.commit, subrepos=True)
    with tempfile.TemporaryDirectory(prefix="novelty-maps-") as folder:
        for path in paths:
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                kept.get_file(f"{down}{path}", str(target))
            except (OSError, DvcException):
                raise InputError(
                    f"DVC has no {path} of {experiment.name} here: `dvc pull`, or run it again"
                ) from None
        with chdir(folder):
            yield


def colormap(found: Sequence[Experiment]) -> str:
    """The colours of one-channel images, as the first of some experiments has them."""
    return str(found[0].settings.get("plots.colormap", "gray"))
