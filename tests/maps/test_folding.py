"""With its batch norms folded in a network is the same function; the one given stays as it was."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize

from novelty_maps.autoencoders.registry import AUTOENCODERS, seeded_autoencoder
from novelty_maps.maps.attributions import guided_backpropagation
from novelty_maps.maps.folding import folded
from novelty_maps.maps.loss_gradient import loss_gradient
from novelty_maps.networks.blocks import Shortcut

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
    own = folded(network, x[:1])
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
    results, found = (results_of(each, x) for each in (network, folded(network, x)))
    for key, expected in results.items():
        difference = (found[key] - expected).abs() / expected.abs().amax().clamp(min=1e-12)
        # A pre-activation within rounding of 0 may be on the other side of a ReLU's kink.
        assert difference.median() < 1e-5, key
        assert difference.max() < 0.05, key


@pytest.mark.parametrize("loss", ["mse", "ssim"])
def test_loss_of_the_network_is_kept(loss):
    network, x = autoencoder("lsa", (1, 16, 16)), images_of(1, 16, 16)
    network.loss = loss
    a, b = (loss_gradient(each, x).gradient for each in (network, folded(network, x)))
    torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)


def test_network_stays_as_it_was():
    network = autoencoder("lsa", (1, 16, 16))
    before = deepcopy(network)
    own = folded(network, images_of(1, 16, 16))
    assert [type(m) for m in network.modules()] == [type(m) for m in before.modules()]
    tensors = network.state_dict(), before.state_dict()
    assert tensors[0].keys() == tensors[1].keys()
    for key, value in tensors[0].items():
        assert not isinstance(value, torch.Tensor) or torch.equal(value, tensors[1][key])
    for module in (*network.modules(), *own.modules()):
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


class Net(nn.Module):
    """A layer, a batch norm, and how an image passes through them, as a function of the network."""

    def __init__(self, layer, norm, path=lambda self, x: self.norm(self.layer(x))):
        super().__init__()
        self.layer, self.norm, self.path = layer, norm, path

    def forward(self, x):
        return self.path(self, x)


def conv(**settings):
    return nn.Conv2d(4, 4, 3, padding=1, **settings)


FOLDED = {
    "bias": Net(conv(), nn.BatchNorm2d(4)),
    "no bias": Net(conv(bias=False), nn.BatchNorm2d(4)),
    "not affine": Net(conv(), nn.BatchNorm2d(4, affine=False)),
    "groups": Net(conv(groups=2), nn.BatchNorm2d(4)),
    "reflected": Net(conv(padding_mode="reflect", stride=2), nn.BatchNorm2d(4)),
    "transposed": Net(nn.ConvTranspose2d(4, 3, 3, stride=2, output_padding=1), nn.BatchNorm2d(3)),
    "shortcut": Net(Shortcut(4, 3), nn.BatchNorm2d(3)),
    "linear": Net(
        nn.Linear(8, 5),
        nn.BatchNorm1d(5),
        lambda net, x: net.norm(net.layer(x.mean(dim=1).mean(1))),
    ),
    "in place": Net(
        conv(), nn.BatchNorm2d(4), lambda net, x: net.norm(net.layer(x)).relu_().add_(x)
    ),
    "condition on the shape": Net(
        conv(),
        nn.BatchNorm2d(4),
        lambda net, x: net.norm(net.layer(x)) if len(x) and x.shape[2] > 1 else x,
    ),
}


@pytest.mark.parametrize("name", FOLDED)
def test_batch_norm_is_folded_into(name):
    network, x = as_trained(deepcopy(FOLDED[name])), images_of(4, 8, 8)
    own = folded(network, x[:1])
    assert not norms_of(own)
    assert isinstance(own.norm, nn.Identity)
    assert type(own.layer) is type(network.layer)
    torch.testing.assert_close(own(x), network(x), rtol=1e-12, atol=1e-12)


class Standardised(nn.Conv2d):
    """A convolution that does something else with its weights."""

    def forward(self, x):
        return self._conv_forward(x, self.weight / self.weight.std(), self.bias)


def with_hooks():
    """Networks one of whose modules has a hook."""
    nets = {name: Net(conv(), nn.BatchNorm2d(4)) for name in ("layer", "norm", "before")}
    nets["layer"].layer.register_forward_hook(lambda _module, _inputs, output: 2 * output)
    nets["norm"].norm.register_forward_hook(lambda _module, _inputs, output: 2 * output)
    nets["before"].norm.register_forward_pre_hook(lambda _module, _inputs: None)  # it looks
    return {f"hook of {name}": net for name, net in nets.items()}


def parametrized():
    network = Net(conv(), nn.BatchNorm2d(4))
    parametrize.register_parametrization(network.layer, "weight", nn.Tanh())
    return network


def twice(net, x):
    return net.norm(net.layer(net.norm(net.layer(x))))


KEPT = {
    "output read again": lambda net, x: (y := net.layer(x)) + net.norm(y),
    "output in a list": lambda net, x: torch.cat([y := net.layer(x), net.norm(y)]),
    "output changed in between": lambda net, x: net.norm(net.layer(x).relu_()),
    "output as an attribute": lambda net, x: net.norm(y := net.layer(x)) * y.data,
    "another layer in between": lambda net, x: net.norm(net.layer(x).tanh()),
    "layers used twice": twice,
    "layer used again": lambda net, x: net.norm(net.layer(x)) + net.layer(x),
    "norm used again": lambda net, x: net.norm(net.layer(x)) + net.norm(x),
    "weight read": lambda net, x: net.norm(net.layer(x)) * net.layer.weight.mean(),
    "mean read": lambda net, x: net.norm(net.layer(x)) + net.norm.running_mean.sum(),
    "scale read": lambda net, x: net.norm(net.layer(x)) + net.norm.weight.sum(),
    "no layer": lambda net, x: net.norm(x),
}
OTHERS = {
    "subclass": Net(Standardised(4, 4, 3), nn.BatchNorm2d(4)),
    "transposed with groups": Net(nn.ConvTranspose2d(4, 4, 3, groups=4), nn.BatchNorm2d(4)),
    "no statistics": Net(conv(), nn.BatchNorm2d(4, track_running_stats=False)),
    "channels that are not the layer's": Net(
        nn.Linear(8, 8), nn.BatchNorm1d(8), lambda net, x: net.norm(net.layer(x[:, 0]))
    ),
    "parametrized": parametrized(),
    **with_hooks(),
}
KEPT_NETWORKS = OTHERS | {name: Net(conv(), nn.BatchNorm2d(4), path) for name, path in KEPT.items()}


@pytest.mark.parametrize("name", KEPT_NETWORKS)
def test_batch_norm_stays_where_folding_would_change_what_the_network_says(name):
    network, x = as_trained(deepcopy(KEPT_NETWORKS[name])), images_of(4, 8, 8)
    own = folded(network, x[:1])
    assert len(norms_of(own)) == 1
    assert torch.equal(own(x), network(x))


def test_batch_norm_in_training_mode_stays():
    network = as_trained(Net(conv(), nn.BatchNorm2d(4)))
    network.norm.train()
    assert len(norms_of(folded(network, images_of(4, 8, 8)))) == 1


def test_batch_norm_of_two_names_is_folded_under_both():
    network = as_trained(Net(conv(), nn.BatchNorm2d(4), lambda net, x: net.other(net.layer(x))))
    network.other, x = network.norm, images_of(4, 8, 8)
    own = folded(network, x)
    assert not norms_of(own)
    torch.testing.assert_close(own(x), network(x), rtol=1e-12, atol=1e-12)
