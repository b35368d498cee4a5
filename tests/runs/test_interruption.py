"""Training that is interrupted by any signal goes on and ends with the same bytes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from runs.workspace import WARM_PYTHON, Workspace

LONG = ["--epochs", "12", "--patience", "1000", "--batch-size", "512"]


def epoch_of(checkpoint: Path) -> int:
    return int(torch.load(checkpoint)["epoch"])


def interrupt(workspace: Workspace, command: tuple[str, ...], number: signal.Signals) -> dict:
    """Start a long training, end it by a signal once it has saved an epoch more; what it said.

    One of the signals ends a Python of its own, the others a fork (see warm_server.py).
    """
    folder = workspace / "cache/novelty-maps/checkpoints"
    earlier = {path.stat().st_mtime_ns for path in folder.glob("*.pt")}
    warm = [] if number == signal.SIGTERM else ["-S", str(WARM_PYTHON)]
    process = subprocess.Popen(
        [sys.executable, *warm, "-m", f"stages.{command[0]}", *command[1:], *LONG],
        cwd=workspace.folder,
        env=workspace.environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 50
        while process.poll() is None and time.monotonic() < deadline:
            if {path.stat().st_mtime_ns for path in folder.glob("[!.]*.pt")} - earlier:
                break
            time.sleep(0.005)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    (checkpoint,) = folder.glob("[!.]*.pt")
    return {
        "code": process.returncode,
        "stderr": stderr,
        "outputs": workspace.snapshot(),
        "epoch": epoch_of(checkpoint),
    }


@pytest.fixture(scope="module")
def interrupted(finished, tmp_path_factory):
    """A training ended by three signals in turn and then run to its end, and one left alone."""
    command = ("train",)
    alone, disturbed = (
        finished.copied_to(tmp_path_factory.mktemp(name) / "workspace")
        for name in ("alone", "disturbed")
    )
    first = alone.stage(*command, *LONG)
    assert first.returncode == 0, first.stderr
    runs = {
        number.name: interrupt(disturbed, command, number)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
    }
    runs["last"] = {"done": disturbed.stage(*command, *LONG)}
    return alone, disturbed, runs


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)])
def test_interrupted_training_ends_with_the_code_of_its_signal(interrupted, number, code):
    run = interrupted[2][number]
    assert run["code"] == code
    assert "Traceback" not in run["stderr"]


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_interrupted_training_says_so(interrupted, number):
    assert f"interrupted by {number}" in interrupted[2][number]["stderr"]


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_interrupted_training_leaves_the_earlier_outputs(interrupted, finished, number):
    assert interrupted[2][number]["outputs"] == finished.snapshot()


@pytest.mark.parametrize(
    ("number", "following"), [("SIGTERM", "SIGINT"), ("SIGINT", "SIGKILL"), ("SIGKILL", "last")]
)
def test_same_command_goes_on_after_the_last_finished_epoch(interrupted, number, following):
    runs = interrupted[2]
    stderr = runs[following]["done"].stderr if following == "last" else runs[following]["stderr"]
    assert 1 <= runs[number]["epoch"] < 12
    assert f"going on after epoch {runs[number]['epoch']} " in stderr


def test_resumed_training_gives_the_bytes_of_the_uninterrupted_one(interrupted, finished):
    alone, disturbed, runs = interrupted
    assert runs["last"]["done"].returncode == 0
    assert disturbed.snapshot() == alone.snapshot()
    assert disturbed.snapshot() != finished.snapshot()


def test_resumed_training_removes_its_checkpoint(interrupted):
    folder = interrupted[1] / "cache/novelty-maps/checkpoints"
    assert list(folder.glob("[!.]*")) == []


def test_interrupted_classifier_goes_on_and_ends_with_the_same_bytes(finished, tmp_path):
    alone, disturbed = (finished.copied_to(tmp_path / name) for name in ("alone", "disturbed"))
    command = ("representation.classify", "hybrid")
    assert alone.stage(*command, *LONG).returncode == 0
    run = interrupt(disturbed, command, signal.SIGKILL)
    assert run["outputs"] == finished.snapshot()
    last = disturbed.stage(*command, *LONG)
    assert f"going on after epoch {run['epoch']} " in last.stderr
    assert disturbed.snapshot() == alone.snapshot() != finished.snapshot()
