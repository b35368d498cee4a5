"""Stage `train`: the three ways to an autoencoder, and what is left of each."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from oracles.image_folders import SIZE, class_folders, mvtec
from oracles.parameters import section

from novelty_maps.autoencoders.files import AUTOENCODER, KEPT_EPOCHS, KEPT_LIST, epoch_path
from novelty_maps.autoencoders.losses import mean_reconstruction_loss
from novelty_maps.autoencoders.registry import autoencoder_of
from novelty_maps.autoencoders.trained import load_autoencoder
from novelty_maps.machine.devices import on_threads
from novelty_maps.maps.files import map_path
from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.split import SplitParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.parts import load_part
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.files import (
    TRAINING_CURVE,
    TRAINING_METRICS,
    read_training_curve,
    read_training_metrics,
)
from stages import fetch, maps, split, train

pytestmark = pytest.mark.usefixtures("workspace")

SMALL = {"epochs": 2, "code_length": 4, "device": "cpu", "keep_epochs": [1, 2, 9]}


def fetched(**data):
    fetch.main(section(DataParams, "data", image_size=SIZE, **data))
    normal = {"normal_classes": [0], "validation_fraction": 0.3}
    split.main(section(SplitParams, "split", **normal))


def trained(**changes):
    """Run the stage; returns the record of its training."""
    train.main(section(TrainParams, "train", **{**SMALL, **changes}))
    return read_training_metrics()


def kept():
    """The files of kept epochs, all of which the list names."""
    files = sorted(KEPT_EPOCHS.glob("*.pt"))
    assert pd.read_csv(KEPT_LIST)["file"].tolist() == [file.name for file in files]
    return files


def validation_loss():
    images = torch.from_numpy(load_part("validation", novel=False)[0][:])
    loss = mean_reconstruction_loss(images, batch_size=1024, device=torch.device("cpu"))
    return loss(load_autoencoder(tuple(images.shape[1:])))


def test_trained_network_is_that_of_the_best_epoch():
    fetched()
    numbers = trained()
    curve = read_training_curve()
    assert curve["epoch"].tolist() == [1, 2]
    assert numbers["epochs"] == 2
    best = curve.loc[curve["validation_loss"].idxmin()]
    assert numbers["best_epoch"] == best["epoch"]
    assert numbers["validation_loss"] == best["validation_loss"]
    assert validation_loss() == pytest.approx(numbers["validation_loss"], rel=1e-6)
    assert kept() == [epoch_path(1), epoch_path(2)]
    assert epoch_path(int(best["epoch"])).read_bytes() == AUTOENCODER.read_bytes()


def test_epochs_of_earlier_settings_are_removed_and_so_is_the_checkpoint(workspace):
    fetched()
    trained()
    trained(keep_epochs=[2])
    assert kept() == [epoch_path(2)]
    assert list((workspace / "cache/novelty-maps/checkpoints").iterdir()) == []


def test_closed_form_has_no_epochs():
    fetched()
    numbers = trained(network="pca")
    assert (numbers["epochs"], numbers["best_epoch"]) == (0, 0)
    assert TRAINING_CURVE.read_text().splitlines()[0] == "epoch,train_loss,validation_loss"
    assert read_training_curve()["epoch"].tolist() == [0]
    assert read_training_curve()["train_loss"].isna().all()
    assert kept() == []
    assert list(KEPT_EPOCHS.iterdir()) == [KEPT_LIST]  # DVC warns of an empty folder
    assert validation_loss() == pytest.approx(numbers["validation_loss"], rel=1e-6)


def test_network_of_a_checkpoint_is_taken_as_it_is(workspace):
    fetched()
    whole = trained()
    AUTOENCODER.rename(workspace / "published.pt")
    numbers = trained(from_checkpoint="published.pt", seed=9)
    found, given = (torch.load(path) for path in (AUTOENCODER, workspace / "published.pt"))
    assert all(torch.equal(found[name], given[name]) for name in found if name != "_extra_state")
    assert (numbers["epochs"], numbers["best_epoch"]) == (0, 0)
    assert numbers["validation_loss"] == pytest.approx(whole["validation_loss"], rel=1e-6)


def test_checkpoint_of_another_network_leaves_the_old_results(workspace):
    fetched()
    trained(network="dense")
    (workspace / "published.pt").write_bytes(AUTOENCODER.read_bytes())
    trained()
    before = AUTOENCODER.read_bytes(), TRAINING_METRICS.read_bytes()
    with pytest.raises(InputError, match=r"published\.pt holds the weights of another network"):
        trained(from_checkpoint="published.pt")
    with pytest.raises(InputError, match=r"nothing\.pt does not exist: give a state dict"):
        trained(from_checkpoint="nothing.pt")
    assert (AUTOENCODER.read_bytes(), TRAINING_METRICS.read_bytes()) == before


def test_interrupted_training_ends_with_the_same_bytes(monkeypatch, capsys):
    fetched()
    trained()
    expected = AUTOENCODER.read_bytes(), TRAINING_CURVE.read_bytes()

    def save_and_stop(checkpoint, state, save=Checkpoint.save):
        save(checkpoint, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with on_threads(1), pytest.raises(KeyboardInterrupt):
            trained()
    assert TRAINING_CURVE.read_bytes() == expected[1]  # that of the weights, which are still there
    AUTOENCODER.unlink()
    with on_threads(2):  # of which batches as small as these take one
        trained()
    assert "going on after epoch 1 (" in capsys.readouterr().err
    assert (AUTOENCODER.read_bytes(), TRAINING_CURVE.read_bytes()) == expected


def test_curve_grows_with_every_epoch_where_no_weights_are(monkeypatch):
    fetched()
    seen = []

    def save(checkpoint, state):
        seen.append(read_training_curve()["epoch"].tolist() if TRAINING_CURVE.exists() else [])

    monkeypatch.setattr(Checkpoint, "save", save)
    trained(epochs=3, patience=3)
    assert seen == [[], [1], [1, 2]]
    trained(epochs=4, patience=4)  # an earlier run's weights keep their curve to the end
    assert seen[3:] == [[1, 2, 3]] * 4
    assert read_training_curve()["epoch"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("layout", [class_folders, mvtec])
def test_colour_goes_from_fetch_to_maps_which_have_one_value_a_pixel(layout, tmp_path):
    fetched(name="folder", path=str(layout(tmp_path / "own")))
    trained()
    maps.main(section(MapsParams, "maps", device="cpu"), section(DetectorsParams, "detectors"))
    images = load_part("test")[0][:]
    network = autoencoder_of(torch.load(AUTOENCODER), source="")
    x = torch.from_numpy(images).float().div(255).requires_grad_()
    reconstruction = network(x)
    error = (x - reconstruction).square()
    (gradient,) = torch.autograd.grad(error.mean(dim=(1, 2, 3)).sum(), x)
    saliency = gradient.abs().numpy()
    assert (saliency.argmax(axis=1) > 0).any()  # not of the first channel alone
    for name, expected in (
        ("saliency", saliency.max(axis=1)),
        ("reconstruction_error", error.detach().numpy().mean(axis=1)),
        ("reconstruction", reconstruction.detach().numpy()),
    ):
        found = np.load(map_path(name))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_record_of_a_training_that_is_damaged_is_named():
    TRAINING_METRICS.parent.mkdir()
    TRAINING_METRICS.write_text(json.dumps({"epochs": 3}))
    with pytest.raises(InputError, match="lacks the key best_epoch: make it again with"):
        read_training_metrics()
    pd.DataFrame({"epoch": [1], "train_loss": [0.5]}).to_csv(TRAINING_CURVE, index=False)
    with pytest.raises(InputError, match="lacks the column validation_loss: make it again"):
        read_training_curve()
