"""What holds for every autoencoder that `train.network` names."""

from typing import get_args

import numpy as np
import pytest
import torch

from novelty_maps.autoencoders.losses import mean_reconstruction_loss
from novelty_maps.autoencoders.principal_components import PrincipalComponents
from novelty_maps.autoencoders.registry import (
    AUTOENCODERS,
    autoencoder_of,
    require_images,
    seeded_autoencoder,
)
from novelty_maps.networks.losses import mean_loss
from novelty_maps.networks.weights import load_weights
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training.loop import train

CPU = torch.device("cpu")
TRAINED = [name for name in AUTOENCODERS if name != "pca"]
every = pytest.mark.parametrize("name", AUTOENCODERS)
every_trained = pytest.mark.parametrize("name", TRAINED)


def pixels_of(channels, size, count=12):
    """Images with a bright stroke at varying places, in all channels."""
    images = torch.zeros(count, channels, size, size, dtype=torch.uint8)
    for row, image in enumerate(images):
        image[:, :, row % (size - 1) : row % (size - 1) + 2] = 120 + 5 * row
    return images


def network_of(name, *, channels=1, size=12, code_length=8, seed=0):
    """A network in evaluation mode; the closed-form one has seen the images."""
    size = side_of(name, size)
    network = seeded_autoencoder(
        seed, network=name, image_shape=(channels, size, size), code_length=code_length
    )
    if isinstance(network, PrincipalComponents):
        network.fit(pixels_of(channels, size).numpy())
    return network.eval()


def side_of(name, size):
    """The side that is tried instead of a small one, which not every network takes."""
    return 16 if name == "bergmann" else size


def tensors_of(network):
    entries = network.state_dict().items()
    return {name: value for name, value in entries if isinstance(value, torch.Tensor)}


def test_names_are_those_of_the_parameter_file():
    assert tuple(AUTOENCODERS) == get_args(TrainParams.model_fields["network"].annotation)
    assert {name: kind.name for name, kind in AUTOENCODERS.items()} == {n: n for n in AUTOENCODERS}


@every
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "code_length"), [(8, 5), (12, 4), (12, 8)])
def test_reconstruction_has_the_shape_of_the_image_and_the_code_the_length_asked_for(
    name, channels, size, code_length
):
    network = network_of(name, channels=channels, size=size, code_length=code_length)
    size = side_of(name, size)
    images = torch.rand(2, channels, size, size)
    with torch.no_grad():
        reconstruction, outputs = network(images), network.outputs(images)
    assert network.image_shape == (channels, size, size)
    assert reconstruction.shape == images.shape
    assert outputs["z"].shape == (2, code_length)
    assert torch.equal(network.decode(outputs["z"]), reconstruction)
    expected = [float(((x - y) ** 2).mean()) for x, y in zip(images, reconstruction, strict=True)]
    assert outputs["reconstruction_error"].tolist() == pytest.approx(expected, rel=1e-5)


@every
@torch.no_grad()
def test_evaluated_reconstruction_of_an_image_depends_on_it_alone(name):
    network = network_of(name)
    images = torch.rand(4, *network.image_shape, generator=torch.Generator().manual_seed(0))
    changed = images.clone()
    changed[1:] = 0
    assert torch.equal(network(images)[0], network(changed)[0])
    assert not torch.equal(network(images)[1], network(changed)[1])


@every_trained
def test_initial_weights_are_a_function_of_the_seed(name):
    first, again, other = (tensors_of(network_of(name, seed=seed)) for seed in (7, 7, 8))
    assert all(torch.equal(first[entry], again[entry]) for entry in first)
    assert any(not torch.equal(first[entry], other[entry]) for entry in first)


@every
def test_global_random_state_is_left_alone(name):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    numpy_before = np.random.get_state()[1].tolist()
    network_of(name, seed=7)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == numpy_before


@every
@pytest.mark.parametrize("shape", [{}, {"channels": 3, "size": 8, "code_length": 2}])
@torch.no_grad()
def test_network_is_rebuilt_from_its_weights_alone(name, shape, tmp_path):
    network = network_of(name, **shape)
    torch.save(network.state_dict(), tmp_path / "x.pt")
    rebuilt = autoencoder_of(torch.load(tmp_path / "x.pt", weights_only=True), source="x.pt")
    images = torch.rand(3, *network.image_shape)
    assert type(rebuilt) is AUTOENCODERS[name]
    assert not rebuilt.training
    assert torch.equal(rebuilt(images), network(images))


@pytest.mark.parametrize("loss", ["mse", "ssim"])
def test_weights_say_what_loss_they_are_trained_by_and_nothing_of_the_usual_one(loss):
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=2, loss=loss)
    weights = network.state_dict()
    assert weights["_extra_state"].get("loss") == (None if loss == "mse" else loss)
    assert autoencoder_of(weights, source="x.pt").loss == loss
    load_weights(network, weights, source="x.pt")
    other = seeded_autoencoder(
        0, image_shape=(1, 8, 8), code_length=2, loss={"mse": "ssim", "ssim": "mse"}[loss]
    )
    with pytest.raises(InputError, match=r"loss ssim"):
        load_weights(other, weights, source="x.pt")


@pytest.mark.parametrize("loss", ["mse", "ssim"])
def test_reconstruction_error_of_an_image_is_the_loss_of_the_network(loss):
    network, images = network_of("dense", channels=3), torch.rand(4, 3, 12, 12)
    network.loss = loss
    with torch.no_grad():
        found = network.outputs(images)["reconstruction_error"]
        one_by_one = [float(mean_loss(loss, network(x[None]), x[None])) for x in images]
    assert found.tolist() == pytest.approx(one_by_one, rel=1e-5)


@every
def test_weights_that_do_not_say_their_network_are_refused_with_a_remedy(name):
    with pytest.raises(InputError, match=r"x\.pt holds the weights of another.*--from-checkpoint"):
        autoencoder_of(tensors_of(network_of(name)), source="x.pt")


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"network": "transformer", "image_shape": [1, 12, 12], "code_length": 8},
        {"network": "lsa", "code_length": 8},
        {"network": "lsa", "image_shape": 12, "code_length": 8},
        {"network": "lsa", "image_shape": [1, 12, 12], "code_length": 8, "depth": 3},
        {"network": "lsa", "image_shape": [1, 12, 12], "code_length": 8, "loss": "l1"},
        {"network": ["lsa"], "image_shape": [1, 12, 12], "code_length": 8},
        "lsa",
    ],
)
def test_weights_of_an_unknown_network_are_refused_with_a_remedy(description):
    weights = {**tensors_of(network_of("lsa")), "_extra_state": description}
    with pytest.raises(InputError, match=r"x\.pt.*none of lsa, dense.*train again with"):
        autoencoder_of(weights, source="x.pt")


def test_weights_under_the_name_of_another_network_are_refused():
    weights = dict(network_of("dense").state_dict())
    weights["_extra_state"] = {**weights["_extra_state"], "network": "lsa"}
    with pytest.raises(InputError, match=r"x\.pt holds the weights of another network"):
        autoencoder_of(weights, source="x.pt")


def test_images_of_another_shape_are_refused():
    network = network_of("lsa", size=8)
    require_images(network, (1, 8, 8), source="x.pt")
    with pytest.raises(InputError, match=r"x\.pt takes images of shape \(1, 8, 8\).*\(3, 8, 8\)"):
        require_images(network, (3, 8, 8), source="x.pt")


def short_training(name, *, loss="mse"):
    """The first and the last row of the history."""
    network, images = network_of(name, size=8), pixels_of(1, side_of(name, 8), count=24)
    network.loss = loss
    state = train(
        network,
        (images,),
        batch_loss=network.batch_loss(noise_std=0.1),
        validation_loss=mean_reconstruction_loss(images, batch_size=24, device=CPU),
        learning_rate=0.003,
        batch_size=12,
        epochs=12,
        epoch_steps=10 if (name, loss) == ("bergmann", "mse") else 4,  # many layers learn slowly
        patience=12,
        seed=0,
        device=CPU,
    )
    return state.history[0], state.history[-1]


@every_trained
def test_training_lowers_the_loss(name):
    first, last = short_training(name)
    assert last["train_loss"] < first["train_loss"] / 2
    assert last["validation_loss"] < 0.9 * first["validation_loss"]


@every_trained
def test_training_by_structural_similarity_lowers_its_loss(name):
    first, last = short_training(name, loss="ssim")
    assert 0 < last["train_loss"] < 0.9 * first["train_loss"]
