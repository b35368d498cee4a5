"""A run in a clone of its own: what it shares, and what is left when it is killed."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from oracles.scratch_experiments import git
from oracles.scratch_pipeline import ROOT, shared_pipeline
from runs.workspace import WARM_PYTHON

from studies import task


@pytest.fixture
def job(tmp_path, monkeypatch, warm_python):
    """A job on a scratch pipeline; machines have a folder for clones, which must end empty.

    DVC runs in forks of one process.
    """
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\ncase $1 in -m) set -- -S {shlex.quote(str(WARM_PYTHON))} "$@" ;; esac\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n'
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    for name in ("here", "shared", "clones"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "clones"))
    yield shared_pipeline(tmp_path / "shared")
    assert list((tmp_path / "clones").iterdir()) == []


def experiment(job):
    """The commit that a job has pushed."""
    (listed,) = git("ls-remote", "origin", f"refs/exps/*/{job.name}").splitlines()
    commit, ref = listed.split()
    assert ref == f"refs/exps/{job.commit[:2]}/{job.commit[2:]}/{job.name}"
    git("fetch", "-q", "origin", ref)
    return commit


def test_nothing_that_finished_runs_twice_and_the_result_is_the_same(job):
    bad = task.run(job._replace(name="bad", overrides=[]))
    assert bad.failure == "measured.k is 0: give at least 1"
    assert bad.stages == ["make", "measure"]
    assert "failed to reproduce 'measure'" in bad.log
    assert git("ls-remote", "origin", "refs/exps/*") == ""
    first = task.run(job)  # has a stage of the run that failed
    assert (first.failure, first.stages) == ("", ["measure"])
    again = job._replace(name="y")
    second = task.run(again)  # takes metrics, which DVC itself does not push
    assert (second.failure, second.stages) == ("", [])
    trees = {git("rev-parse", f"{experiment(each)}^{{tree}}") for each in (job, again)}
    assert len(trees) == 1
    assert git("show", f"{experiment(job)}:measured.json") == '{"length": 4}'
    assert git("log", "-1", "--format=%s", experiment(job)) == (f"x, on {task.machine()}")


def test_what_git_does_not_have_is_a_failure_in_one_line(job):
    nowhere = task.run(job._replace(commit="0" * 40))
    assert "0000000" in nowhere.failure
    assert "\n" not in nowhere.failure
    assert nowhere.stages == []
    assert "does not exist" in task.run(job._replace(git="/nowhere")).failure


def test_own_error_of_a_run_is_named_though_its_stages_cannot_be_pushed(job, tmp_path):
    (tmp_path / "file").touch()
    nowhere = job._replace(store=str(tmp_path / "file/store"))
    bad = task.run(nowhere._replace(overrides=[]))
    assert bad.failure == "measured.k is 0: give at least 1"
    good = task.run(nowhere)
    assert good.stages == ["make", "measure"]
    assert "file/store" in good.failure
    assert "push_run_cache" in good.failure


def test_machine_with_no_place_for_clones_names_their_folder(job, tmp_path):
    outcome = task.run(job._replace(name="x" * 300))  # as root, any folder can be written to
    assert "File name too long" in outcome.failure
    assert str(tmp_path / "clones") in outcome.failure
    assert outcome.failure.endswith("set TMPDIR to one with space")
    assert (outcome.machine, outcome.stages) == (task.machine(), [])


def test_stages_that_finish_are_pushed_before_the_run_ends(job, monkeypatch):
    monkeypatch.setattr(task, "_SECONDS_TO_LOSE", 0)
    log = task.run(job).log
    before, _, _ = log.partition("Ran experiment(s)")
    assert re.search("runs of stages pushed: [12]", before), log


KILLED = """
import sys
from pathlib import Path
from studies import task
job = task.Job("x", "", [], "", "", "", "", "", ("", ""), {})
with task._own_folder("x") as (folder, group):
    shell = task._Shell(job, folder, group, [])
    (folder / "clone").mkdir()
    show = lambda line: print(folder, line, flush=True)
    shell("sh", "-c", "sleep 1000 & echo $!; wait", each=show)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("with_children", [False, True])
def test_killed_run_leaves_no_process_and_no_clone(number, with_children):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as worker:
        folder, stage = worker.stdout.readline().split()
        assert Path(folder, "clone").is_dir()
        os.kill(int(stage), 0)  # runs
        children = psutil.Process(worker.pid).children() if with_children else []
        for child in children:  # as Ray does
            child.kill()
        worker.send_signal(number)
        worker.wait()
        end = time.monotonic() + 20
        while time.monotonic() < end and (Path(folder).exists() or runs(int(stage))):
            time.sleep(0.02)
    assert not Path(folder).exists()
    assert not runs(int(stage))


def runs(process):
    """Whether a process is there, other than as what its parent has not yet asked after."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("50%|\nerror: k is 0: give 1\nERROR: failed to run: python\n", "k is 0: give 1"),
        ("ERROR: no remote\nmore\n", "no remote"),
        ("Traceback\nValueError: bad\n", "`dvc exp run` failed: ValueError: bad"),
        ("", "`dvc exp run` failed: status 3"),
    ],
)
def test_reason_is_the_stages_own_line_where_it_has_one(said, reason):
    error = subprocess.CalledProcessError(3, ["dvc", "exp", "run"], said)
    assert task._reason(error) == reason
