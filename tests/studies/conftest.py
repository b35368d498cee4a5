"""Repositories for experiments."""

from pathlib import Path

import pytest
from dvc.repo import Repo
from oracles.scratch_experiments import commit, git


@pytest.fixture
def kept(request, tmp_path, monkeypatch):
    """A repository of git and DVC, and the commit that experiments start from."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    if inner := getattr(request, "param", None):
        Path(inner).mkdir()
        monkeypatch.chdir(inner)
    Repo.init(".", subdir=bool(inner)).close()
    return commit({"readme": "text"})
