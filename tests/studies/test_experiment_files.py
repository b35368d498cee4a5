"""Files of experiments come from DVC's cache, or from the remote that is named."""

import errno
import shutil
from pathlib import Path

import pytest
from dvc.repo import Repo
from oracles.scratch_experiments import commit

from novelty_maps.pipeline.errors import InputError
from studies.experiment_files import KeptFiles
from studies.experiments import Experiment

FILES = [Path("data/maps/a"), Path("one")]


@pytest.fixture
def pushed(kept, tmp_path_factory):
    """An experiment whose folder and file lie in a DVC remote alone, which is not the default."""
    store = tmp_path_factory.mktemp("stores")
    Path("data/maps").mkdir(parents=True)
    for file in FILES:
        file.write_text(f"content of {file}")
    with Repo(".") as repository:
        repository.add(["data/maps", "one"])
    shutil.move(".dvc/cache", store / "full")
    shutil.rmtree(".dvc/tmp")  # DVC remembers there what is in a folder
    remotes = [f"['remote \"{name}\"']\nurl = {store / name}\n" for name in ("full", "empty")]
    Path(".dvc/config.local").write_text("".join(remotes))
    return Experiment("mine-1", commit({}), {})


def test_remote_that_is_named_has_the_files(pushed):
    kept = KeptFiles(pushed, remote="full")
    for files in (FILES[:1], FILES):
        with kept.here(files):
            assert [file.read_text() for file in files] == [f"content of {file}" for file in files]


@pytest.mark.parametrize("file", FILES, ids=str)
@pytest.mark.parametrize(
    ("remote", "said"),
    [
        (None, "neither DVC's cache nor a default DVC remote has {}"),
        ("empty", "neither DVC's cache nor the DVC remote empty has {}"),
        ("none", "DVC cannot fetch {} of mine-1: .*remote 'none' doesn't exist"),
    ],
)
def test_file_that_is_not_there_is_an_error(pushed, remote, said, file):
    kept = KeptFiles(pushed, remote=remote)
    with pytest.raises(InputError, match=said.format(file)), kept.here([file]):
        pytest.fail("there")


def test_disk_that_is_full_is_not_a_missing_file(pushed, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = KeptFiles(pushed, remote="full")
    monkeypatch.setattr(kept._kept, "get_file", full)
    with pytest.raises(OSError, match="No space left"), kept.here(FILES):
        pytest.fail("there")
