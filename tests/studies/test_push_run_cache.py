"""Runs of stages in a DVC remote, with all that another machine needs of them."""

import hashlib
import shutil
from pathlib import Path

import pytest
from oracles.scratch_pipeline import dvc, shared_pipeline

from studies import push_run_cache


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder of a pipeline that has run; not to be changed."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "here").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "here")
        shared_pipeline(folder)
        Path("params.yaml").write_text("made: {from: 1}\nmeasured: {k: 1}\n")
        dvc("repro")
    return folder / "here"


@pytest.fixture
def store(ran, tmp_path, monkeypatch):
    """The remote of a copy of it."""
    monkeypatch.chdir(shutil.copytree(ran, tmp_path / "here"))
    Path(".dvc/config.local").write_text(f"['remote \"store\"']\nurl = {tmp_path / 'a store'}\n")
    return tmp_path / "a store"


def require_pushed(store):
    for made in ("made.txt", "measured.json"):
        digest = hashlib.md5(Path(made).read_bytes(), usedforsecurity=False).hexdigest()
        there = store / "files/md5" / digest[:2] / digest[2:]
        assert there.read_bytes() == Path(made).read_bytes()


def test_metrics_that_git_keeps_are_pushed_too_and_nothing_twice(store):
    assert push_run_cache.push("store") == 2
    require_pushed(store)
    assert len([path for path in (store / "runs").rglob("*") if path.is_file()]) == 2
    assert push_run_cache.push("store") == 0


def test_run_that_is_not_yet_whole_is_left_for_later(store):
    cached = [path for path in Path(".dvc/cache/files").rglob("*") if path.is_file()]
    (made,) = [path for path in cached if path.read_bytes() == b"made"]
    made.rename("aside")
    assert push_run_cache.push("store", only_new=True) == 1
    Path("aside").rename(made)
    assert push_run_cache.push("store", only_new=True) == 1
    require_pushed(store)


def test_metrics_of_a_run_that_dvc_has_pushed_follow(store):
    dvc("push", "--run-cache", "--remote", "store")
    assert push_run_cache.push("store", only_new=True) == 0
    with pytest.raises(FileNotFoundError):
        require_pushed(store)
    assert push_run_cache.push("store") == 0
    require_pushed(store)


def test_metrics_of_a_stage_that_was_taken_from_the_cache_are_pushed_too(store):
    for file in ("made.txt", "measured.json", "dvc.lock"):
        Path(file).unlink()
    assert "is cached - skipping run" in dvc("repro")
    assert push_run_cache.push("store") == 2
    require_pushed(store)
