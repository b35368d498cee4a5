"""The three ways to an autoencoder, without a file but that of a checkpoint."""

import pytest
import torch
from oracles.parameters import section

from novelty_maps.autoencoders.losses import mean_reconstruction_loss
from novelty_maps.autoencoders.principal_components import PrincipalComponents
from novelty_maps.autoencoders.registry import autoencoder_of, seeded_autoencoder
from novelty_maps.autoencoders.train import train_autoencoder
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training.augmentation import augmented
from novelty_maps.training.batch_norm import calibration, calibration_images
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.loop import train

CPU = torch.device("cpu")
STATISTICS = {"running_mean", "running_var", "num_batches_tracked"}
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = {
    "train": torch.randint(0, 256, (40, 1, 8, 8), generator=GENERATOR).byte(),
    "validation": torch.randint(0, 256, (12, 1, 8, 8), generator=GENERATOR).byte(),
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def trained(**changes):
    small = {"code_length": 4, "epochs": 2, "batch_size": 16, "keep_epochs": [2, 5], "seed": 3}
    settings = section(TrainParams, "train", **{**small, **changes})
    checkpoint = Checkpoint(settings.model_dump(), [], device=CPU, threads=1)
    return train_autoencoder(settings, IMAGES, checkpoint, device=CPU)


def same(a, b):
    return a.keys() == b.keys() and all(
        torch.equal(a[name], b[name]) for name in a if isinstance(a[name], torch.Tensor)
    )


@pytest.mark.parametrize("batch_norm", ["precise", "running"])
def test_network_is_trained_by_the_loop_with_the_settings_of_the_section(batch_norm):
    found = trained(batch_norm=batch_norm, noise_std=0.1, learning_rate=0.01)
    network = seeded_autoencoder(3, image_shape=(1, 8, 8), code_length=4)
    state = train(
        network,
        (IMAGES["train"],),
        batch_loss=network.batch_loss(noise_std=0.1),
        validation_loss=mean_reconstruction_loss(IMAGES["validation"], batch_size=12, device=CPU),
        after_steps=calibration(
            batch_norm, calibration_images(IMAGES["train"], seed=3), device=CPU
        ),
        learning_rate=0.01,
        batch_size=16,
        epochs=2,
        patience=20,
        seed=3,
        device=CPU,
        keep_epochs=[2, 5],
    )
    assert same(found.weights, network.state_dict())
    assert found.history == state.history
    assert found.metrics == {
        "epochs": 2,
        "best_epoch": state.best_epoch,
        "validation_loss": state.best_loss,
    }
    assert found.kept.keys() == {2}
    assert same(found.kept[2], state.kept[2])
    assert found.kept_running == {}


def test_loss_steps_and_augmentation_are_those_of_the_section():
    own = {"loss": "ssim", "epoch_steps": 5, "augmentation": "shift_and_flip"}
    found = trained(**own)
    network = seeded_autoencoder(3, image_shape=(1, 8, 8), code_length=4, loss="ssim")
    state = train(
        network,
        (IMAGES["train"],),
        batch_loss=augmented(network.batch_loss(noise_std=0.0), "shift_and_flip", photos=True),
        validation_loss=mean_reconstruction_loss(IMAGES["validation"], batch_size=12, device=CPU),
        after_steps=calibration("precise", calibration_images(IMAGES["train"], seed=3), device=CPU),
        learning_rate=0.003,
        batch_size=16,
        epochs=2,
        epoch_steps=5,
        patience=20,
        seed=3,
        device=CPU,
    )
    assert same(found.weights, network.state_dict())
    assert found.weights["_extra_state"]["loss"] == "ssim"
    assert found.history == state.history
    for key, usual in (("loss", "mse"), ("epoch_steps", None), ("augmentation", "none")):
        assert not same(found.weights, trained(**{**own, key: usual}).weights)


def test_both_keeps_what_precise_and_what_running_keep_of_one_training():
    settings = {"keep_epochs": [1, 2], "learning_rate": 0.01}
    precise, running, both = (
        trained(batch_norm=batch_norm, **settings) for batch_norm in ("precise", "running", "both")
    )
    assert same(both.weights, precise.weights)
    assert both.metrics == precise.metrics
    assert both.kept.keys() == both.kept_running.keys() == {1, 2}
    for epoch in (1, 2):
        assert same(both.kept[epoch], precise.kept[epoch])
        moving, fresh = both.kept_running[epoch], both.kept[epoch]
        changed = {name for name in fresh if not same({name: moving[name]}, {name: fresh[name]})}
        assert changed
        assert all(name.split(".")[-1] in STATISTICS for name in changed)
    # The moving averages go on from the precise ones, so only the first epoch's are those of
    # a training without them.
    assert same(both.kept_running[1], running.kept[1])


def test_principal_components_are_those_of_the_training_images():
    found = trained(network="pca")
    network = PrincipalComponents(image_shape=(1, 8, 8), code_length=4)
    network.fit(IMAGES["train"].numpy())
    assert same(found.weights, network.state_dict())
    loss = mean_reconstruction_loss(IMAGES["validation"], batch_size=12, device=CPU)(network)
    assert found.history == [{"epoch": 0, "train_loss": None, "validation_loss": loss}]
    assert found.metrics == {"epochs": 0, "best_epoch": 0, "validation_loss": loss}
    assert found.kept == {}


@pytest.mark.parametrize("network", ["lsa", "pca"])
def test_weights_of_a_file_are_taken_as_they_are_whatever_the_network(tmp_path, network):
    given = trained(network=network)
    formats.write_torch(tmp_path / "x.pt", given.weights)
    found = trained(network=network, from_checkpoint=str(tmp_path / "x.pt"), seed=8)
    assert same(found.weights, given.weights)
    loss = mean_reconstruction_loss(IMAGES["validation"], batch_size=12, device=CPU)
    expected = loss(autoencoder_of(given.weights, source="x.pt"))
    assert found.metrics == {"epochs": 0, "best_epoch": 0, "validation_loss": expected}


def test_file_of_another_network_is_refused(tmp_path):
    formats.write_torch(tmp_path / "x.pt", trained(network="dense").weights)
    with pytest.raises(InputError, match=r"x\.pt holds the weights of another network"):
        trained(from_checkpoint=str(tmp_path / "x.pt"))
