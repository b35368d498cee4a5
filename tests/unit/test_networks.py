"""The LSA autoencoder: its size, its names, and the checkpoints that it takes."""

import numpy as np
import pytest
import torch

from stages.lib.errors import InputError
from stages.lib.networks import (
    Autoencoder,
    autoencoder_of,
    load_weights,
    require_images,
    seeded_autoencoder,
)

SMALL = {"channels": 1, "image_size": 8, "code_length": 5}


def published_names():
    """Names of a published checkpoint's entries, as the definitions list them."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = set()
    for block in ("encoder.conv.0", "encoder.conv.1", "decoder.conv.0", "decoder.conv.1"):
        names |= {f"{block}.{convolution}.weight" for convolution in ("conv1a", "conv1b", "conv2a")}
        names |= {f"{block}.{bn}.{entry}" for bn in ("bn1a", "bn1b", "bn2a") for entry in norm}
    for linear in ("encoder.fc.0", "encoder.fc.3", "decoder.fc.0", "decoder.fc.3"):
        names |= {f"{linear}.weight", f"{linear}.bias"}
    for bn in ("encoder.fc.1", "decoder.fc.1", "decoder.fc.4"):
        names |= {f"{bn}.{entry}" for entry in norm}
    return names | {"decoder.conv.2.weight"}


def test_mnist_autoencoder_has_565296_parameters():
    network = Autoencoder(channels=1, image_size=28)
    assert sum(parameter.numel() for parameter in network.parameters()) == 565_296


def test_entries_are_named_as_in_the_published_checkpoints():
    assert set(Autoencoder(channels=1, image_size=28).state_dict()) == published_names()


def test_mnist_layers_have_the_published_shapes():
    weights = Autoencoder(channels=1, image_size=28).state_dict()
    assert weights["encoder.conv.0.conv1a.weight"].shape == (32, 1, 3, 3)
    assert weights["encoder.conv.1.conv1a.weight"].shape == (64, 32, 3, 3)
    assert weights["encoder.fc.0.weight"].shape == (64, 3136)
    assert weights["encoder.fc.3.weight"].shape == (64, 64)
    assert weights["decoder.conv.0.conv1a.weight"].shape == (64, 32, 5, 5)
    assert weights["decoder.conv.2.weight"].shape == (1, 16, 1, 1)


@pytest.mark.parametrize("image_size", [8, 28, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_reconstruction_has_the_shape_of_the_image(channels, image_size):
    network = Autoencoder(channels=channels, image_size=image_size).eval()
    images = torch.rand(2, channels, image_size, image_size)
    assert network(images).shape == images.shape
    assert network.image_shape == (channels, image_size, image_size)


@pytest.mark.parametrize("image_size", [0, 2, 9, 30])
def test_size_that_cannot_be_halved_twice_is_an_input_error(image_size):
    with pytest.raises(InputError, match=f"image size is {image_size}.*divisible by 4"):
        Autoencoder(channels=1, image_size=image_size)


def test_code_lies_between_zero_and_one():
    network = seeded_autoencoder(0, **SMALL).eval()
    code = network.encoder(torch.rand(20, 1, 8, 8))
    assert code.shape == (20, 5)
    assert ((code > 0) & (code < 1)).all()
    assert code.std() > 0


def test_reconstruction_is_unbounded():
    network = seeded_autoencoder(0, **SMALL).eval()
    with torch.no_grad():
        network.decoder.conv[2].weight.mul_(1000)
        reconstruction = network(torch.rand(20, 1, 8, 8))
    assert reconstruction.min() < 0
    assert reconstruction.max() > 1


def test_evaluated_reconstruction_of_an_image_depends_on_it_alone():
    network = seeded_autoencoder(0, **SMALL).eval()
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    changed = images.clone()
    changed[1:] = 0
    assert torch.equal(network(images)[0], network(changed)[0])


def test_seeded_autoencoder_is_a_function_of_its_seed():
    first, again, other = (seeded_autoencoder(seed, **SMALL).state_dict() for seed in (7, 7, 8))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["encoder.fc.0.weight"], other["encoder.fc.0.weight"])


def test_seeded_autoencoder_leaves_the_global_random_state_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    numpy_before = np.random.get_state()[1].tolist()
    seeded_autoencoder(7, **SMALL)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == numpy_before


def test_loaded_weights_replace_all_of_the_network():
    source, target = (seeded_autoencoder(seed, **SMALL) for seed in (1, 2))
    load_weights(target, source.state_dict(), source="x.pt")
    loaded = target.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in source.state_dict().items())


def test_estimator_entries_are_ignored():
    source, target = (seeded_autoencoder(seed, **SMALL) for seed in (1, 2))
    weights = {**source.state_dict(), "estimator.layers.0.weight": torch.full((3,), torch.nan)}
    load_weights(target, weights, source="x.pt")
    assert torch.equal(target.encoder.fc[0].weight, source.encoder.fc[0].weight)


def test_missing_step_counters_are_no_error():
    source = seeded_autoencoder(1, **SMALL)
    weights = {
        name: value
        for name, value in source.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    target = seeded_autoencoder(2, **SMALL)
    load_weights(target, weights, source="x.pt")
    assert torch.equal(target.encoder.fc[0].weight, source.encoder.fc[0].weight)


def test_weights_of_another_network_are_refused_naming_the_entries_that_differ():
    network = seeded_autoencoder(1, **SMALL)
    weights = dict(network.state_dict())
    weights["encoder.extra"] = weights.pop("encoder.fc.0.bias")
    weights["encoder.fc.3.bias"] = torch.zeros(7)
    with pytest.raises(InputError, match=r"x\.pt holds the weights of another network") as caught:
        load_weights(network, weights, source="x.pt")
    assert "encoder.fc.0.bias is missing" in str(caught.value)
    assert "encoder.extra is unknown" in str(caught.value)
    assert "encoder.fc.3.bias is 7 instead of 5" in str(caught.value)


def test_many_differences_are_cut_short_and_counted():
    network = seeded_autoencoder(1, **SMALL)
    entries = sum(not name.endswith("num_batches_tracked") for name in network.state_dict())
    with pytest.raises(InputError, match=f"and {entries - 6} more"):
        load_weights(network, {}, source="x.pt")


def test_refused_weights_leave_the_network_as_it_was():
    network = seeded_autoencoder(1, **SMALL)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    weights = dict(seeded_autoencoder(2, **SMALL).state_dict())
    del weights["decoder.conv.2.weight"]
    with pytest.raises(InputError):
        load_weights(network, weights, source="x.pt")
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused(value):
    network = seeded_autoencoder(1, **SMALL)
    weights = {name: entry.clone() for name, entry in network.state_dict().items()}
    weights["decoder.fc.3.weight"][0, 0] = value
    with pytest.raises(InputError, match=r"x\.pt: decoder\.fc\.3\.weight holds NaN or infinity"):
        load_weights(network, weights, source="x.pt")


@pytest.mark.parametrize("shape", [SMALL, {"channels": 3, "image_size": 12, "code_length": 2}])
def test_network_is_rebuilt_from_its_weights_alone(shape):
    network = seeded_autoencoder(1, **shape).eval()
    rebuilt = autoencoder_of(network.state_dict(), source="x.pt")
    images = torch.rand(3, *network.image_shape)
    assert not rebuilt.training
    assert torch.equal(rebuilt(images), network(images))


def test_network_cannot_be_rebuilt_from_other_weights():
    with pytest.raises(InputError, match=r"x\.pt holds the weights of another network"):
        autoencoder_of({"linear.weight": torch.zeros(2, 2)}, source="x.pt")


def test_images_of_another_shape_are_refused():
    network = Autoencoder(channels=1, image_size=8)
    require_images(network, (1, 8, 8), source="x.pt")
    with pytest.raises(InputError, match=r"x\.pt takes images of shape \(1, 8, 8\).*\(3, 8, 8\)"):
        require_images(network, (3, 8, 8), source="x.pt")
