"""Weights from elsewhere, and weights that do not fit."""

import numpy as np
import pandas as pd
import pytest
import torch
from runs.workspace import Workspace


def published(workspace: Workspace) -> dict[str, torch.Tensor]:
    """Weights as they are published: with a density estimator, without step counters."""
    weights = torch.load(workspace / "data/model/autoencoder.pt")
    weights = {
        key: value + 0.01
        for key, value in weights.items()
        if isinstance(value, torch.Tensor) and "num_batches" not in key
    }
    return {**weights, "estimator.layers.0.weight": torch.ones(4, 4)}


def test_published_weights_are_taken_instead_of_training(workspace):
    weights = published(workspace)
    torch.save(weights, workspace / "published.pt")
    done = workspace.stage("train", "--from-checkpoint", "published.pt")
    assert done.returncode == 0, done.stderr
    found = torch.load(workspace / "data/model/autoencoder.pt")
    assert not any(key.startswith("estimator.") for key in found)
    for key in weights.keys() & found.keys():
        assert torch.equal(found[key], weights[key])
    assert weights.keys() - found.keys() == {"estimator.layers.0.weight"}
    history = pd.read_csv(workspace / "metrics/training.csv")
    assert history["epoch"].tolist() == [0]
    assert history["train_loss"].isna().all()
    metrics = workspace.json("metrics/training.json")
    assert metrics["epochs"] == metrics["best_epoch"] == 0
    assert metrics["validation_loss"] == pytest.approx(history["validation_loss"][0])


def test_weights_of_another_network_are_refused_with_their_keys(workspace):
    torch.save(torch.nn.Linear(2, 3).state_dict(), workspace / "linear.pt")
    found = workspace.refuses("train", "--from-checkpoint", "linear.pt")
    assert "linear.pt" in found
    assert "encoder.conv.0.conv1a.weight is missing" in found


def test_weights_under_integer_keys_are_refused(workspace):
    torch.save({0: torch.ones(2)}, workspace / "numbered.pt")
    assert "numbered.pt" in workspace.refuses("train", "--from-checkpoint", "numbered.pt")


def test_model_of_another_network_has_no_maps(workspace):
    path = workspace / "data/model/autoencoder.pt"
    torch.save(torch.nn.Linear(2, 3).state_dict(), path)
    assert "weights of another network" in workspace.refuses("maps")


def test_model_for_another_image_size_has_no_maps(workspace):
    path = workspace / "data/raw/images.npy"
    images = np.load(path)
    np.save(path, np.pad(images, 2)[2:-2, 2:-2])
    found = workspace.refuses("maps")
    assert "(1, 8, 8)" in found
    assert "(1, 12, 12)" in found
    assert "python -m stages.train" in found
