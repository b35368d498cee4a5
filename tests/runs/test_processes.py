"""A stage that trains in two processes: Ctrl-C or a kill ends all, and it goes on afterwards."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import torch
from runs.workspace import Workspace

LONG = ["--epochs", "12", "--patience", "1000", "--batch-size", "512", "--processes", "2"]
PROCESSES = 2


def disturb(workspace: Workspace, number: signal.Signals) -> dict:
    """Start a training; once it has saved an epoch more, signal all (Ctrl-C) or who began it."""
    folder = workspace / "cache/novelty-maps/checkpoints"
    earlier = {path.stat().st_mtime_ns for path in folder.glob("*.pt")}
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.train", *LONG],
        cwd=workspace.folder,
        env=workspace.environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 100
        while process.poll() is None and time.monotonic() < deadline:
            if {path.stat().st_mtime_ns for path in folder.glob("[!.]*.pt")} - earlier:
                break
            time.sleep(0.005)
        ranks = psutil.Process(process.pid).children()
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        _, stderr = process.communicate(timeout=60)
        _, alive = psutil.wait_procs(ranks, timeout=60)
    finally:
        process.kill()
    (checkpoint,) = folder.glob("[!.]*.pt")
    epoch = torch.load(checkpoint)["epoch"]
    outputs = workspace.snapshot()
    found = {"code": process.returncode, "stderr": stderr, "outputs": outputs, "epoch": epoch}
    return {**found, "ranks": len(ranks), "alive": alive}


@pytest.fixture(scope="module")
def disturbed(finished, tmp_path_factory):
    """A training that is left alone, and one that is ended by two signals and then left alone."""
    alone, other = (
        finished.copied_to(tmp_path_factory.mktemp(name) / "workspace")
        for name in ("alone", "disturbed")
    )
    first = alone.stage("train", *LONG)
    assert first.returncode == 0, first.stderr
    runs = [disturb(other, number) for number in (signal.SIGINT, signal.SIGKILL)]
    last = other.stage("train", *LONG)
    assert last.returncode == 0, last.stderr
    return alone, other, runs, last.stderr


def test_interruption_ends_all_processes_and_leaves_the_earlier_outputs(disturbed, finished):
    for run, code in zip(disturbed[2], (130, -signal.SIGKILL), strict=True):
        assert run["code"] == code
        assert run["ranks"] >= PROCESSES  # and one that Python has beside them
        assert run["alive"] == []
        assert "Traceback" not in run["stderr"]
        assert run["outputs"] == finished.snapshot()
    assert disturbed[2][0]["stderr"].count("interrupted by SIGINT") == 1


def test_same_command_goes_on_and_ends_with_the_bytes_of_an_undisturbed_training(disturbed):
    alone, other, (first, second), last = disturbed
    assert f"going on after epoch {first['epoch']} " in second["stderr"]
    assert last.count(f"going on after epoch {second['epoch']} ") == 1
    assert "Warning" not in last
    assert other.snapshot() == alone.snapshot()
    assert list((other / "cache/novelty-maps/checkpoints").glob("[!.]*")) == []
