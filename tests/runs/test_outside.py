"""Real `dvc repro` runs on files from outside: a change is seen, and a broken one costs nothing."""

import shutil
from pathlib import Path

import pytest
import torch
from oracles.image_folders import class_folders, save
from runs.workspace import Repository

from novelty_maps.autoencoders.registry import seeded_autoencoder

UP_TO_TRAIN = {"survey", "check", "check_network", "fetch", "split", "train"}


def save_weights(path: Path, seed: int) -> None:
    network = seeded_autoencoder(seed, image_shape=(3, 8, 8), code_length=4)
    torch.save(network.state_dict(), path)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """The pipeline on own images and a checkpoint beside it, up to the network."""
    class_folders(tmp_path / "pets")
    save_weights(tmp_path / "weights.pt", 0)
    made = Repository.tiny(tmp_path / "project")
    made.change("data", name="folder", path=str(tmp_path / "pets"))
    made.change("split", normal_classes=["cat"], validation_fraction=0.3)
    made.change("train", from_checkpoint=str(tmp_path / "weights.pt"))
    assert made.reproduce("train") == UP_TO_TRAIN
    return made


def test_changes_outside_rerun_what_reads_them_and_broken_files_cost_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    assert repository.reproduce("train") == set()

    # Another checkpoint under the same name: the images are not read again.
    shutil.copy(tmp_path / "weights.pt", tmp_path / "first.pt")
    save_weights(tmp_path / "weights.pt", 1)
    assert repository.reproduce("train") == {"check_network", "train"}
    shutil.copy(tmp_path / "first.pt", tmp_path / "weights.pt")
    assert repository.reproduce("train") == set()  # restored from the run cache

    # Another image under the same name.
    image = tmp_path / "pets/train/cat/0.png"
    before = image.read_bytes()
    save(image, 255 - torch.arange(192, dtype=torch.uint8).reshape(8, 8, 3).numpy())
    assert {"survey", "fetch"} <= repository.reproduce("split") <= {"survey", "fetch", "split"}
    image.write_bytes(before)
    assert repository.reproduce("train") == set()

    # Broken ones: each time one line, and every result is still there.
    results = repository.snapshot()
    guards = {"data/survey.json", "data/params_checked.txt", "data/network_checked.txt"}
    kept = {path: digest for path, digest in results.items() if path not in guards}
    for path, said in ((image, "cannot be read as an image"), (tmp_path / "weights.pt", "damaged")):
        before = path.read_bytes()
        path.write_bytes(b"broken")
        done = repository.command("dvc", "repro", "train")
        assert done.returncode != 0
        assert f"error: {path}" in done.stderr
        assert said in done.stderr
        found = repository.snapshot()
        lost = {name for name in kept if name not in found}
        assert lost == set()
        assert {n for n in kept if found[n] != kept[n]} <= {
            "data/inputs/data.json",
            "data/inputs/checkpoint.json",
        }
        path.write_bytes(before)
        assert repository.reproduce("train") == set()
    assert repository.snapshot() == results
