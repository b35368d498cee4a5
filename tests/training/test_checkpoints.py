"""A training goes on from its own state, and from no other's."""

import pytest
import torch
from torch import nn

from novelty_maps.pipeline.errors import InputError
from novelty_maps.training import checkpoints
from novelty_maps.training.checkpoints import Checkpoint, source_files
from novelty_maps.training.state import TrainingState

CPU = torch.device("cpu")
STATE = TrainingState(
    epoch=2,
    network=nn.Linear(2, 3).state_dict(),
    optimizer={"state": {}, "param_groups": []},
    best_epoch=1,
    best_loss=0.5,
    best_network={"weight": torch.ones(2)},
    history=[{"epoch": 1, "train_loss": 1.0, "validation_loss": 0.5}],
    kept={1: {"weight": torch.ones(2)}},
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CHECKPOINTS_ROOT", raising=False)
    (tmp_path / "a").write_text("data")
    return tmp_path / "cache/novelty-maps/checkpoints"


def test_new_run_has_no_state_and_a_saved_one_is_read_as_it_was(tmp_path, cache):
    checkpoint = Checkpoint({"seed": 0}, [tmp_path / "a"], device=CPU, threads=1)
    assert checkpoint.load() is None
    assert list(cache.iterdir()) == []
    checkpoint.save(STATE)
    found = Checkpoint({"seed": 0}, [tmp_path / "a"], device=CPU, threads=1).load()
    assert (found.epoch, found.best_epoch, found.best_loss) == (2, 1, 0.5)
    assert found.history == STATE.history
    assert torch.equal(found.network["weight"], STATE.network["weight"])
    assert torch.equal(found.kept[1]["weight"], torch.ones(2))


def test_removed_checkpoint_is_gone_and_may_be_removed_again(tmp_path, cache):
    checkpoint = Checkpoint({}, [], device=CPU, threads=1)
    checkpoint.save(STATE)
    checkpoint.remove()
    checkpoint.remove()
    assert list(cache.iterdir()) == []
    assert checkpoint.load() is None


def test_run_that_differs_in_anything_has_another_file(tmp_path, monkeypatch):
    def path(settings, *files, threads=1):
        return Checkpoint(settings, list(files), device=CPU, threads=threads).path

    a, b = tmp_path / "a", tmp_path / "b"
    b.write_text("data")
    first = path({"seed": 0, "k": 1}, a)
    assert path({"k": 1, "seed": 0}, a) == first
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "processor", lambda device: f"another {device.type}")
        assert path({"seed": 0, "k": 1}, a) != first
    assert path({"seed": 0, "k": 1}, b) == first  # the content counts, not the place
    others = {path({"seed": 1, "k": 1}, a), path({"seed": 0}, a), path({"seed": 0, "k": 1}, a, a)}
    b.write_text("other data")
    others.add(path({"seed": 0, "k": 1}, b))
    monkeypatch.setattr(torch, "__version__", "0.0")
    others.add(path({"seed": 0, "k": 1}, a))
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    others.add(path({"seed": 0, "k": 1}, a, threads=77))
    assert len(others - {first}) == 6


def test_damaged_checkpoint_is_named_with_the_way_out(cache):
    checkpoint = Checkpoint({}, [], device=CPU, threads=1)
    cache.mkdir(parents=True)
    checkpoint.path.write_bytes(b"half")
    with pytest.raises(InputError, match=r"is damaged .*: delete it to train from the beginning"):
        checkpoint.load()


@pytest.mark.parametrize("package", ["autoencoders", "classifiers"])
def test_source_files_are_those_that_training_depends_on(package):
    files = source_files(package)
    assert {file.parent.name for file in files} == {package, "networks", "training"}
    names = {file.name for file in files}
    assert {"base.py", "train.py", "loop.py", "batch_norm.py", "blocks.py"} <= names
    assert len(set(files)) == len(files)
    assert all(file.is_file() for file in files)


@pytest.mark.parametrize("place", ["file", "no home"])
def test_training_without_a_place_for_its_state_goes_without_and_says_so(
    tmp_path, monkeypatch, capsys, place
):
    if place == "file":
        (tmp_path / "cache").touch()
        said = f"in {tmp_path}/cache/novelty-maps/checkpoints (Not a directory)"
    else:
        monkeypatch.setattr(checkpoints, "cache_folder", lambda name: None)
        said = "(no home folder)"
    checkpoint = Checkpoint({}, [], device=CPU, threads=1)
    assert capsys.readouterr().err == ""  # a network that is not trained needs no place
    assert checkpoint.load() is None
    found = capsys.readouterr().err
    assert said in found
    assert "set CHECKPOINTS_ROOT to a folder" in found
    assert found.count("\n") == 1
    checkpoint.save(STATE)
    checkpoint.remove()
    assert {path.name for path in tmp_path.iterdir()} <= {"a", "cache"}


def test_checkpoints_lie_in_a_folder_of_ones_own_if_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CHECKPOINTS_ROOT", str(tmp_path / "shared"))
    checkpoint = Checkpoint({}, [], device=CPU, threads=1)
    assert checkpoint.load() is None
    checkpoint.save(STATE)
    assert checkpoint.path.parent == tmp_path / "shared"
    assert checkpoint.load().epoch == 2


def test_relative_folder_of_ones_own_is_refused(monkeypatch):
    monkeypatch.setenv("CHECKPOINTS_ROOT", "~/relative")
    with pytest.raises(InputError, match="CHECKPOINTS_ROOT=~/relative is not absolute"):
        Checkpoint({}, [], device=CPU, threads=1)
