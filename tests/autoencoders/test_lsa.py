"""The LSA autoencoder: its size, its names, and the range of its code."""

import pytest
import torch

from novelty_maps.autoencoders.lsa import LsaAutoencoder
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.pipeline.errors import InputError

MNIST = {"image_shape": (1, 28, 28), "code_length": 64}
SMALL = {"image_shape": (1, 8, 8), "code_length": 5}


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
    network = LsaAutoencoder(**MNIST)
    assert sum(parameter.numel() for parameter in network.parameters()) == 565_296


def test_entries_beside_the_description_are_named_as_in_the_published_checkpoints():
    assert set(LsaAutoencoder(**MNIST).state_dict()) == published_names() | {"_extra_state"}


def test_mnist_layers_have_the_published_shapes():
    weights = LsaAutoencoder(**MNIST).state_dict()
    assert weights["encoder.conv.0.conv1a.weight"].shape == (32, 1, 3, 3)
    assert weights["encoder.conv.1.conv1a.weight"].shape == (64, 32, 3, 3)
    assert weights["encoder.fc.0.weight"].shape == (64, 3136)
    assert weights["encoder.fc.3.weight"].shape == (64, 64)
    assert weights["decoder.conv.0.conv1a.weight"].shape == (64, 32, 5, 5)
    assert weights["decoder.conv.2.weight"].shape == (1, 16, 1, 1)


@pytest.mark.parametrize("image_size", [0, 2, 9, 30])
@pytest.mark.parametrize("network", ["lsa", "vae"])
def test_size_that_cannot_be_halved_twice_is_an_input_error(network, image_size):
    shape = (1, image_size, image_size)
    with pytest.raises(InputError, match=f"image size is {image_size}.*divisible by 4"):
        seeded_autoencoder(0, network=network, image_shape=shape, code_length=5)


def test_code_lies_between_zero_and_one():
    code = seeded_autoencoder(0, **SMALL).eval().encode(torch.rand(20, 1, 8, 8))
    assert ((code > 0) & (code < 1)).all()
    assert code.std() > 0


def test_reconstruction_is_unbounded():
    network = seeded_autoencoder(0, **SMALL).eval()
    with torch.no_grad():
        network.decoder.conv[2].weight.mul_(1000)
        reconstruction = network(torch.rand(20, 1, 8, 8))
    assert reconstruction.min() < 0
    assert reconstruction.max() > 1
