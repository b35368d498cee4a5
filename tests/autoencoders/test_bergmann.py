"""The network of Bergmann et al. (2019), against their table 1."""

import pytest
import torch
from torch import nn

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.networks.blocks import LeakyReLU
from novelty_maps.pipeline.errors import InputError

# Side and channels after each layer of the encoder, its kernel and its stride.
TABLE = [
    (64, 32, 4, 2),
    (32, 32, 4, 2),
    (32, 32, 3, 1),
    (16, 64, 4, 2),
    (16, 64, 3, 1),
    (8, 128, 4, 2),
    (8, 64, 3, 1),
    (8, 32, 3, 1),
    (1, 100, 8, 1),
]


def network_of(side, channels=1, code_length=100):
    shape = (channels, side, side)
    return seeded_autoencoder(0, network="bergmann", image_shape=shape, code_length=code_length)


def outputs_of_convolutions(network, x):
    """Side, channels, kernel and stride of each convolution, in the order they are passed."""
    found = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(
                lambda own, _, y: found.append(
                    (y.shape[-1], y.shape[1], own.kernel_size[0], own.stride[0])
                )
            )
    with torch.no_grad():
        network(x)
    return found


def test_layers_are_those_of_the_paper_there_and_back():
    found = outputs_of_convolutions(network_of(128), torch.rand(1, 1, 128, 128))
    assert found[:9] == TABLE
    inputs = [(128, 1), *(row[:2] for row in TABLE[:-1])]
    back = [(*before, *row[2:]) for before, row in zip(inputs, TABLE, strict=True)]
    assert found[9:] == back[::-1]


def test_every_layer_but_the_code_and_the_reconstruction_has_a_leaky_relu_of_slope_0_2():
    network = network_of(16)
    slopes = [m.slope for m in network.modules() if isinstance(m, LeakyReLU)]
    assert slopes == [0.2] * 16
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    for part in (network.encoder, network.decoder):
        assert not isinstance(list(part)[-1], LeakyReLU)
    halved = LeakyReLU(0.2)(torch.tensor([-1.0, 2.0]))
    assert halved.tolist() == pytest.approx([-0.2, 2.0])


@pytest.mark.parametrize("side", [16, 28, 44, 64, 256])
def test_any_side_of_sixteen_or_more_comes_back(side):
    network = network_of(side, channels=3, code_length=5)
    x = torch.rand(1, 3, side, side)
    with torch.no_grad():
        assert network.encode(x).shape == (1, 5)
        assert network(x).shape == x.shape


def test_a_smaller_side_is_an_error_that_names_it_and_the_remedy():
    with pytest.raises(InputError, match=r"image size is 12.*16 or more; set data\.image_size"):
        network_of(12)


def test_fresh_network_keeps_the_variance_of_its_input_from_layer_to_layer():
    network, found = network_of(64), []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(lambda _, x, y: found.append(float(y.square().mean())))
    with torch.no_grad():
        network(torch.randn(16, 1, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert len(found) == 18
    # He et al.: a layer's output has 2 / (1 + 0.2²) times the mean square of its input, which the
    # leaky ReLU takes away again; the border's zeros take some more.
    assert 0.3 < found[0] < 3
    assert 0.1 < found[-1] < 5
