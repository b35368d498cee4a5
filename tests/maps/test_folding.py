"""With its batch norms folded in a network is the same function; the one given stays as it was."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.autoencoders.registry import AUTOENCODERS, seeded_autoencoder
from novelty_maps.maps.attributions import guided_backpropagation
from novelty_maps.maps.folding import folded
from novelty_maps.maps.loss_gradient import loss_gradient
from novelty_maps.networks.blocks import LeakyReLU, Shortcut

LARGE = 68  # a side at which `Shortcut` takes the pixels first


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images_of(*shape, count=3):
    return torch.rand(count, *shape, generator=generator(1), dtype=torch.float64)


def as_trained(network):
    """In float64 and evaluation mode, with statistics, weights and biases that are not trivial."""
    network = network.double().eval()
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.eps = 0.01
            for name, low, high in (
                ("running_mean", -1, 1),
                ("running_var", 0.1, 1),
                ("weight", 0.5, 1.5),
                ("bias", -1, 1),
            ):
                values = getattr(module, name)
                if values is not None:
                    values.data.uniform_(low, high, generator=generator(len(name)))
    return network


def norms_of(network):
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]


def autoencoder(name, shape):
    """A network of the registry; the closed-form one has components."""
    network = as_trained(
        seeded_autoencoder(0, network=name, image_shape=shape, code_length=18 * 18)
        if name == "fully_convolutional" and shape[1] == LARGE
        else seeded_autoencoder(0, network=name, image_shape=shape, code_length=16)
    )
    if name == "pca":
        network.components.uniform_(-0.1, 0.1, generator=generator())
    return network


every = pytest.mark.parametrize(
    ("name", "shape"),
    [(name, (1, 16, 16)) for name in AUTOENCODERS] + [("lsa", (3, LARGE, LARGE))],
)


def results_of(network, x):
    """Everything that maps are made from, by name."""
    terms = loss_gradient(network, x)
    return {
        "reconstruction": terms.reconstruction,
        "direct": terms.direct,
        "indirect": terms.indirect,
        "guided": guided_backpropagation(network, x),
        **network.outputs(x),
    }


@every
def test_no_batch_norm_of_an_autoencoder_is_left_and_nothing_else_changes(name, shape):
    network, x = autoencoder(name, shape), images_of(*shape)
    own = folded(network)
    assert not norms_of(own)
    assert type(own) is type(network)
    assert own.loss == network.loss
    assert own.get_extra_state() == network.get_extra_state()
    results = results_of(network, x)
    for key, found in results_of(own, x).items():
        torch.testing.assert_close(found, results[key], rtol=1e-12, atol=1e-13)


@every
def test_in_float32_it_is_the_same_but_for_rounding(name, shape):
    network, x = autoencoder(name, shape).float(), images_of(*shape).float()
    results, found = (results_of(each, x) for each in (network, folded(network)))
    for key, expected in results.items():
        difference = (found[key] - expected).abs() / expected.abs().amax().clamp(min=1e-12)
        # A pre-activation within rounding of 0 may be on the other side of a ReLU's kink.
        assert difference.median() < 1e-5, key
        assert difference.max() < 0.05, key


@pytest.mark.parametrize("loss", ["mse", "ssim"])
def test_loss_of_the_network_is_kept(loss):
    network, x = autoencoder("lsa", (1, 16, 16)), images_of(1, 16, 16)
    network.loss = loss
    a, b = (loss_gradient(each, x).gradient for each in (network, folded(network)))
    torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)


def test_network_stays_as_it_was():
    network = autoencoder("lsa", (1, 16, 16))
    before = deepcopy(network)
    folded(network)
    assert [type(m) for m in network.modules()] == [type(m) for m in before.modules()]
    tensors = network.state_dict(), before.state_dict()
    assert tensors[0].keys() == tensors[1].keys()
    for key, value in tensors[0].items():
        assert not isinstance(value, torch.Tensor) or torch.equal(value, tensors[1][key])


def conv(**settings):
    return nn.Conv2d(4, 4, 3, padding=1, **settings)


FOLDED = {
    "bias": (conv(), nn.BatchNorm2d(4)),
    "no bias": (conv(bias=False), nn.BatchNorm2d(4)),
    "not affine": (conv(), nn.BatchNorm2d(4, affine=False)),
    "groups": (conv(groups=2), nn.BatchNorm2d(4)),
    "reflected": (conv(padding_mode="reflect", stride=2), nn.BatchNorm2d(4)),
    "transposed": (nn.ConvTranspose2d(4, 3, 3, stride=2, output_padding=1), nn.BatchNorm2d(3)),
    "shortcut": (Shortcut(4, 3), nn.BatchNorm2d(3)),
    "linear": (nn.Flatten(), nn.Linear(256, 5), nn.BatchNorm1d(5), nn.Sigmoid()),
    "two": (conv(), nn.BatchNorm2d(4), LeakyReLU(), conv(bias=False), nn.BatchNorm2d(4)),
}


class OfLayers(Autoencoder):
    """An autoencoder of a sequence of layers."""

    name = "layers"

    def __init__(self, *layers):
        super().__init__(image_shape=(4, 8, 8), code_length=1)
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


@pytest.mark.parametrize("name", FOLDED)
def test_batch_norm_is_folded_into(name):
    network, x = as_trained(OfLayers(*deepcopy(FOLDED[name]))), images_of(4, 8, 8)
    own = folded(network)
    assert not norms_of(own)
    assert len(own.layers) == len(network.layers)
    torch.testing.assert_close(own(x), network(x), rtol=1e-12, atol=1e-12)


def test_batch_norm_after_no_layer_stays():
    network = as_trained(OfLayers(nn.BatchNorm2d(4), conv(), nn.ReLU(), nn.BatchNorm2d(4)))
    own, x = folded(network), images_of(4, 8, 8)
    assert len(norms_of(own)) == 2
    assert torch.equal(own(x), network(x))


def test_network_of_others_is_left_alone():
    twice = conv()
    network = as_trained(nn.Sequential(twice, nn.BatchNorm2d(4), twice))
    assert folded(network) is network
