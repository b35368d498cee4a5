"""Re-initialised networks: which layers change when, and what batch norm makes of them."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.autoencoders.registry import AUTOENCODERS, seeded_autoencoder
from novelty_maps.faithfulness.reinitialisation import (
    CALIBRATION_IMAGES,
    cascade,
    layers_from_output,
    reinitialised,
)
from novelty_maps.networks.inputs import as_input
from novelty_maps.pipeline.errors import InputError

CPU = torch.device("cpu")
SIDE = 8
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Backwards(nn.Module):
    """Layers that run in another order than they are registered in, and one that never runs."""

    def __init__(self):
        super().__init__()
        self.last = nn.ConvTranspose2d(2, 1, 3, padding=1)
        self.unused = nn.Linear(3, 3)
        self.norm = nn.BatchNorm2d(2)
        self.first = nn.Conv2d(1, 2, 3, padding=1)
        self.code = nn.Linear(SIDE, SIDE)

    def forward(self, x):
        return self.last(self.code(torch.relu(self.norm(self.first(x)))))


ORDER = ["last", "code", "norm", "first"]
STEPS = ["last", "code", "first"]  # batch norm goes with the layer before it


def images_of(count=20, *, side=SIDE):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 1, side, side), generator=generator).byte()


def trained():
    """Weights and batch norm statistics as no initialisation gives them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Backwards()
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.5, 1)
    return network


def steps_of(network, images=None, *, seed=0):
    images = images_of() if images is None else images
    return list(cascade(network, images, seed=seed, device=CPU))


def fresh_of(network, images=None, *, seed=0):
    images = images_of() if images is None else images
    return reinitialised(network, images, seed=seed, device=CPU)


def changed(network, other):
    """Names of the layers whose parameters differ."""
    before, after = (dict(net.named_parameters()) for net in (network, other))
    names = {name for name in before if not torch.equal(before[name], after[name])}
    return {name.rpartition(".")[0] for name in names}


def same(network, other):
    """Whether all parameters and statistics are the same bytes."""
    one, two = network.state_dict(), other.state_dict()
    tensors = [name for name in one if isinstance(one[name], torch.Tensor)]
    return one.keys() == two.keys() and all(torch.equal(one[n], two[n]) for n in tensors)


def spread(network, images):
    """How far reconstructions differ from image to image, relative to the images themselves."""
    with torch.no_grad():
        x = as_input(images)
        return float(network(x).std(dim=0).mean() / x.std(dim=0).mean())


# --- the layers


def test_layers_come_in_the_reverse_of_the_order_in_which_they_run():
    assert layers_from_output(trained().eval(), images_of()) == ORDER


def test_a_layer_that_runs_twice_counts_where_it_runs_last():
    shared, other = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)
    assert layers_from_output(nn.Sequential(shared, other, shared), images_of()) == ["0", "1"]


def test_a_network_without_parameters_is_an_input_error():
    pca = seeded_autoencoder(0, network="pca", image_shape=(1, SIDE, SIDE), code_length=4)
    for ask in (steps_of, fresh_of):
        with pytest.raises(InputError, match="PrincipalComponents has no parameters"):
            ask(pca)


def test_a_layer_that_cannot_be_reinitialised_is_an_input_error():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

    for ask in (steps_of, fresh_of):
        with pytest.raises(InputError, match="layer '1' is a Scale"):
            ask(nn.Sequential(nn.Conv2d(1, 1, 1), Scale()))


# --- one after another


def test_after_step_k_the_last_k_layers_differ_and_no_other():
    network = trained()
    steps = steps_of(network)
    assert [name for name, _ in steps] == STEPS
    for (name, copy), done in zip(
        steps, ({"last"}, {"last", "code"}, {"last", "code", "norm", "first"}), strict=True
    ):
        assert changed(network, copy) == done, name
        assert not copy.training
    for (_, one), (name, two) in pairwise(steps):
        assert changed(one, two) == ({"norm", "first"} if name == "first" else {name})


def test_batch_norm_at_the_input_is_a_step_as_no_layer_is_before_it():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.BatchNorm2d(1), nn.Conv2d(1, 1, 3, padding=1))
    network[0].weight.data.fill_(2)
    (_, one), (_, two) = steps = steps_of(network, seed=1)
    assert [name for name, _ in steps] == ["1", "0"]
    assert changed(network, one) == {"1"}
    assert changed(one, two) == {"0"}


@pytest.mark.parametrize("kind", sorted(set(AUTOENCODERS) - {"pca"}))
def test_every_autoencoder_with_layers_can_be_reinitialised(kind):
    network = seeded_autoencoder(0, network=kind, image_shape=(1, 16, 16), code_length=4)
    steps = dict(steps_of(network, images_of(side=16), seed=1))
    owners = {name.rpartition(".")[0] for name, _ in network.named_parameters()}
    norms = {name for name in owners if isinstance(network.get_submodule(name), NORMS)}
    assert steps.keys() == owners - norms  # every layer with parameters runs
    assert next(iter(steps)).startswith("decoder.")
    *_, (last, everything) = steps.items()
    assert last.startswith("encoder.")
    assert changed(network, everything) == owners - norms
    assert same(everything, fresh_of(network, images_of(side=16), seed=1))


def test_last_step_is_the_network_with_all_layers_fresh():
    network = trained()
    *_, (_, everything) = steps_of(network, seed=3)
    assert same(everything, fresh_of(network, seed=3))
    assert changed(network, everything) == set(ORDER)


# --- the statistics of batch norm


def test_statistics_are_those_of_the_new_weights_on_the_images():
    images = images_of()
    for name, network in [*steps_of(trained()), ("all", fresh_of(trained()))]:
        with torch.no_grad():
            into_norm = network.first(as_input(images)).numpy().astype(np.float64)
        mean, variance = into_norm.mean(axis=(0, 2, 3)), into_norm.var(axis=(0, 2, 3), ddof=1)
        np.testing.assert_allclose(network.norm.running_mean, mean, rtol=1e-4, err_msg=name)
        np.testing.assert_allclose(network.norm.running_var, variance, rtol=1e-4, err_msg=name)


def test_fresh_batch_norm_neither_scales_nor_shifts():
    norm = fresh_of(trained()).norm
    assert (norm.weight == 1).all()
    assert not norm.bias.any()


def test_network_is_no_longer_constant_as_with_batch_norm_the_identity():
    network, images = seeded_autoencoder(0), images_of(64, side=28)
    fresh = fresh_of(network, images)
    assert spread(fresh, images) > 0.1
    for module in fresh.modules():
        if isinstance(module, NORMS):
            module.reset_running_stats()
    assert spread(fresh, images) < 0.01


def test_no_more_images_are_taken_than_it_needs():
    images = images_of(CALIBRATION_IMAGES + 50)
    others = images.clone()
    others[CALIBRATION_IMAGES:] = 0
    assert same(fresh_of(trained(), images), fresh_of(trained(), others))
    others[1] = 0
    assert not same(fresh_of(trained(), images), fresh_of(trained(), others))


def test_network_without_batch_norm_does_not_depend_on_the_images():
    network = seeded_autoencoder(0, network="dense", image_shape=(1, SIDE, SIDE), code_length=4)
    black = torch.zeros_like(images_of())
    assert same(fresh_of(network), fresh_of(network, black))
    for (name, one), (_, other) in zip(steps_of(network), steps_of(network, black), strict=True):
        assert same(one, other), name


# --- seeds, and what is left alone


def test_networks_are_a_function_of_the_seed():
    one, repeated, other = (dict(steps_of(trained(), seed=seed)) for seed in (1, 1, 2))
    torch.rand(1)
    assert all(same(one[name], repeated[name]) for name in STEPS)
    assert changed(one["first"], other["first"]) == {"last", "code", "first"}  # norm has no choice
    torch.rand(1)
    assert same(fresh_of(trained(), seed=1), one["first"])


def test_every_draw_is_another_network_whatever_was_learned():
    draws = [fresh_of(trained(), seed=seed) for seed in range(4)]
    for one, other in pairwise(draws):
        assert changed(one, other) == {"last", "code", "first"}
    other = trained()
    with torch.no_grad():
        for name in ORDER:
            for value in other.get_submodule(name).parameters():
                value.mul_(3)
    assert same(fresh_of(other, seed=2), draws[2])


def test_network_and_random_state_are_left_as_they_were():
    network = trained().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    for _ in cascade(network, images_of(), seed=0, device=CPU):
        assert torch.equal(torch.random.get_rng_state(), state)
    fresh_of(network)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(before[name], v) for name, v in network.state_dict().items())
