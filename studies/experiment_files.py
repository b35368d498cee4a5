"""Files of experiments that DVC keeps."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from novelty_maps.pipeline.errors import InputError
from studies.experiments import Experiment, place_in_git


class KeptFiles:
    """Files of an experiment in DVC's cache, or in a DVC remote.

    Args:
        experiment: The experiment.
        remote: Name of the DVC remote that has what is not here; the default one without.
    """

    def __init__(self, experiment: Experiment, *, remote: str | None = None) -> None:
        from dvc.api import DVCFileSystem

        up, self._down = place_in_git()
        self._kept = DVCFileSystem(url=up, rev=experiment.commit, subrepos=True, remote=remote)
        self._name, self._remote = experiment.name, remote

    @contextmanager
    def here(self, paths: Iterable[Path]) -> Iterator[None]:
        """A folder of its own, as working directory, with these files.

        It goes at the end; arrays that are memory-mapped from it stay readable.

        Args:
            paths: Files that DVC keeps, below the project's folder.

        Raises:
            InputError: One is neither in the cache nor in the remote, or DVC cannot reach that.
        """
        with tempfile.TemporaryDirectory(prefix="novelty-maps-") as folder:
            for path in paths:
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                self._fetch(path, target)
            with chdir(folder):
                yield

    def _fetch(self, path: Path, target: Path) -> None:
        from dvc.exceptions import DvcException
        from dvc_data.index import DataIndexDirError

        try:
            self._kept.get_file(f"{self._down}{path}", str(target))
        except (FileNotFoundError, DataIndexDirError):  # the latter of what lists a folder's files
            where = f"the DVC remote {self._remote}" if self._remote else "a default DVC remote"
            raise InputError(
                f"neither DVC's cache nor {where} has {path} of {self._name}: name a DVC remote"
                " that has it by --remote, or run it again"
            ) from None
        except (ConnectionError, DvcException) as error:
            raise InputError(f"DVC cannot fetch {path} of {self._name}: {error}") from None


def colormap(found: Sequence[Experiment]) -> str:
    """The colours of one-channel images, as the first of some experiments has them."""
    return str(found[0].settings.get("plots.colormap", "gray"))
