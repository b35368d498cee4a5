"""A full disk: one line with file and remedy, and nothing lost."""

import resource
import shutil
import signal

import pytest


def small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("fetch", "data/raw/images.npy"),
        ("split", "data/split.csv"),
        ("maps", "data/maps/"),
        ("metrics", "metrics/per_image.csv"),
        ("plots", "plots/agreement/"),
    ],
)
def test_full_disk_is_one_line_naming_file_and_remedy(workspace, name, file):
    options = ["--dpi", "100"] if name == "plots" else []
    found = workspace.refuses(name, *options, preexec=small_files, bar=True)
    assert f"error: {file}" in found
    assert "free some space" in found


def test_full_disk_stops_a_taken_checkpoint_with_one_line(workspace):
    shutil.copy(workspace / "data/model/autoencoder.pt", workspace / "given.pt")
    options = ["--from-checkpoint", "given.pt"]
    found = workspace.refuses("train", *options, preexec=small_files)
    assert "data/model/autoencoder.pt" in found
    assert "free some space" in found


def test_full_disk_stops_a_training_with_one_line_and_leaves_no_checkpoint(workspace):
    assert "free some space" in workspace.refuses("train", preexec=small_files, bar=True)
    assert list((workspace / "cache/novelty-maps/checkpoints").iterdir()) == []


def test_full_disk_while_drawing_changes_no_table(workspace):
    workspace.change("metrics", k=6)
    assert workspace.stage("metrics").returncode == 0
    before = workspace.snapshot()
    done = workspace.stage("plots", "--dpi", "100", preexec=small_files)
    assert done.returncode == 1
    assert workspace.snapshot() == before
