"""Attributions of the reconstruction loss: their form, their noise, and what they leave alone."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.maps import attributions
from novelty_maps.maps.loss_gradient import loss_gradient
from novelty_maps.networks.blocks import LeakyReLU
from novelty_maps.networks.losses import structural_dissimilarity


def network_of(channels, activation=nn.ReLU):
    """A small autoencoder with fixed weights, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(channels)
        network = nn.Sequential(
            nn.Conv2d(channels, 6, 3, stride=2, padding=1),
            nn.BatchNorm2d(6),
            activation(),
            nn.ConvTranspose2d(6, 6, 4, stride=2, padding=1),
            activation(),
            nn.Conv2d(6, channels, 1),
        )
    return network.eval()


def images_of(channels, count=3, size=8):
    return torch.rand(
        count, channels, size, size, generator=torch.Generator().manual_seed(channels)
    )


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


ATTRIBUTIONS = {
    "smoothgrad": lambda network, x: attributions.smoothgrad(
        network, x, generators(*range(len(x)))
    ),
    "integrated_gradients": lambda network, x: attributions.integrated_gradients(
        network, x, torch.zeros(x.shape[1:])
    ),
    "guided_backpropagation": attributions.guided_backpropagation,
    "occlusion": lambda network, x: attributions.occlusion(network, x, torch.zeros(x.shape[1:])),
}


@pytest.mark.parametrize("channels", [1, 3])
def test_loss_is_the_mean_squared_error_of_each_image(channels):
    network, x = network_of(channels), images_of(channels)
    found = attributions.ReconstructionLoss(network)(x).detach().numpy()
    expected = [((x[i] - network(x)[i]) ** 2).mean().item() for i in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_loss_of_an_ssim_network_is_its_own_and_so_are_its_attributions():
    network, x = network_of(3), images_of(3)
    squared = attributions.ReconstructionLoss(network)(x)
    squared_maps = {name: attribute(network, x) for name, attribute in ATTRIBUTIONS.items()}
    network.loss = "ssim"
    found = attributions.ReconstructionLoss(network)(x)
    expected = structural_dissimilarity(x, network(x)).mean(dim=(1, 2, 3))
    torch.testing.assert_close(found, expected)
    assert (found > squared).all()
    for name, attribute in ATTRIBUTIONS.items():
        assert not torch.allclose(attribute(network, x), squared_maps[name], rtol=1e-2)


def test_integrated_gradients_of_an_ssim_network_add_up_to_the_difference_of_its_loss():
    network, x = network_of(3, activation=nn.Tanh).double(), images_of(3).double()
    network.loss = "ssim"
    baseline = 0.5 * torch.ones_like(x)
    loss = attributions.ReconstructionLoss(network)
    total = attributions.integrated_gradients(network, x, baseline).sum(dim=(1, 2, 3))
    torch.testing.assert_close(total, loss(x) - loss(baseline), rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_attribution_has_the_form_of_the_images_and_no_graph(name, channels):
    x = images_of(channels)
    found = ATTRIBUTIONS[name](network_of(channels), x)
    assert found.shape == ((3, 8, 8) if name == "occlusion" else x.shape)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert found.isfinite().all()


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_network_images_and_global_state_are_left_alone(name):
    network, x = network_of(3), images_of(3)
    network[0].requires_grad_(False)
    pixels, random_state = x.clone(), torch.random.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ATTRIBUTIONS[name](network, x)
    assert torch.equal(torch.random.get_rng_state(), random_state)
    assert torch.equal(x, pixels)
    assert not x.requires_grad
    assert x.grad is None
    assert not network.training
    for module in network.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    assert [p.requires_grad for p in network[0].parameters()] == [False, False]
    assert all(p.requires_grad for p in network[1:].parameters())
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_an_image_is_explained_by_itself(name):
    network, x = network_of(1, nn.Tanh), images_of(1)
    together = ATTRIBUTIONS[name](network, x)
    first = ATTRIBUTIONS[name](network, x[:1])
    torch.testing.assert_close(first, together[:1], rtol=1e-4, atol=1e-6)


def test_magnitude_is_the_largest_over_channels():
    attribution = torch.tensor([1.0, -5.0, 4.0]).view(1, 3, 1, 1)
    assert attributions.magnitude(attribution).tolist() == [[[5.0]]]


def test_smoothgrad_draws_each_images_noise_from_its_own_generator():
    network, x = network_of(1), images_of(1)[:1].repeat(3, 1, 1, 1)
    found = attributions.smoothgrad(network, x, generators(4, 5, 4))
    torch.testing.assert_close(found[0], found[2])
    assert not torch.allclose(found[0], found[1], rtol=1e-3)


def test_smoothgrad_without_noise_is_the_gradient(monkeypatch):
    network, x = network_of(3), images_of(3)
    monkeypatch.setattr(attributions, "NOISE_STD", 0.0)
    found = attributions.smoothgrad(network, x, generators(0, 1, 2))
    torch.testing.assert_close(found, loss_gradient(network, x).gradient, rtol=1e-5, atol=1e-8)


def test_guided_backpropagation_without_relus_is_the_gradient():
    network, x = network_of(3, nn.Tanh), images_of(3)
    found = attributions.guided_backpropagation(network, x)
    torch.testing.assert_close(found, loss_gradient(network, x).gradient, rtol=1e-5, atol=1e-8)


def test_guided_backpropagation_finds_subclasses_of_relu():
    class Leaky(nn.ReLU):
        def forward(self, x):
            return nn.functional.leaky_relu(x, 0.01)

    network, x = network_of(3, Leaky), images_of(3)
    found = attributions.guided_backpropagation(network, x)
    assert not torch.allclose(found, loss_gradient(network, x).gradient, rtol=1e-2)
    in_place = network_of(3, LeakyReLU)
    in_place.load_state_dict(network.state_dict())
    assert torch.equal(attributions.guided_backpropagation(in_place, x), found)


class Drawn(nn.Module):
    """Reconstructs the same picture from every image."""

    def __init__(self, picture):
        super().__init__()
        self.picture = picture

    def forward(self, x):
        return self.picture + 0 * x


def test_occlusion_finds_the_window_that_is_novel():
    normal = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))
    image = normal.clone()
    image[:, 8:12, 12:16] = 1 - image[:, 8:12, 12:16].round()
    map_ = attributions.occlusion(Drawn(normal), image[None], normal)[0]
    inside = torch.zeros(28, 28, dtype=bool)
    inside[6:14, 10:18] = True  # windows of 4 that move by 2 reach 2 pixels further
    assert map_[8:12, 12:16].min() > 0
    assert not map_[~inside].any()


def test_occlusion_is_zero_where_a_normal_part_is_taken_away():
    normal = torch.full((1, 14, 14), 0.5)
    x = normal[None].clone()
    assert not attributions.occlusion(Drawn(normal), x, torch.zeros(1, 14, 14)).any()


@pytest.mark.parametrize("size", [4, 8, 13, 28])
def test_occlusion_covers_images_of_any_size(size):
    normal = torch.zeros(3, size, size)
    x = torch.ones(1, 3, size, size)
    map_ = attributions.occlusion(Drawn(normal), x, normal)
    assert map_.shape == (1, size, size)
    assert (map_ > 0).all()
