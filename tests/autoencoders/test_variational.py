"""The variational autoencoder: its divergence, its bound, and its noise."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import mse_loss

from novelty_maps.autoencoders import variational
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.networks.inputs import as_input

IMAGES = torch.randint(
    0, 256, (6, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
X = as_input(IMAGES)


def network():
    return seeded_autoencoder(0, network="vae", image_shape=(1, 8, 8), code_length=5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def gradient(loss, net):
    parts = torch.autograd.grad(loss, list(net.parameters()))
    return torch.cat([part.flatten() for part in parts])


def test_divergence_is_that_of_two_normal_distributions():
    mean, log_variance = 3 * torch.randn(2, 7, 5, generator=generator(), dtype=torch.float64)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(variational.kl_divergence(mean, log_variance), expected)


def test_divergence_of_the_standard_normal_distribution_is_zero():
    assert variational.kl_divergence(torch.zeros(3, 5), torch.zeros(3, 5)).tolist() == [0, 0, 0]


@torch.no_grad()
def test_reconstruction_without_noise_is_that_of_the_mean():
    net = network().eval()
    mean, log_variance = net.posterior(X)
    assert mean.shape == log_variance.shape == (6, 5)
    assert torch.equal(net.encode(X), mean)
    assert torch.equal(net(X), net.decode(mean))
    sampled, *parameters = net(X, torch.zeros(6, 5))
    assert torch.equal(sampled, net(X))
    assert torch.equal(parameters[0], mean)
    assert torch.equal(parameters[1], log_variance)


@torch.no_grad()
def test_sampled_codes_have_the_mean_and_variance_of_the_posterior():
    net, codes = network().eval(), []
    net.decode = codes.append
    count = 4000
    noise = torch.randn(count, 5, generator=generator())
    net(X[:1].expand(count, -1, -1, -1), noise)
    mean, log_variance = (values[0] for values in net.posterior(X[:1]))
    std = (log_variance / 2).exp()
    # Four standard errors, of the mean of normal values and of their standard deviation.
    assert ((codes[0].mean(dim=0) - mean).abs() < 4 * std / count**0.5).all()
    assert ((codes[0].std(dim=0) / std - 1).abs() < 4 / (2 * count) ** 0.5).all()


def bound_by_formula(reconstruction, divergence):
    """log MSE + 2/n · KL."""
    return torch.log(mse_loss(reconstruction, X)) + 2 / X[0].numel() * divergence.mean()


def negative_evidence_lower_bound(reconstruction, divergence):
    """Per image, at σ² = MSE, in units of n/2; σ is differentiated too."""
    likelihood = Normal(reconstruction, mse_loss(reconstruction, X).sqrt()).log_prob(X)
    return 2 / X[0].numel() * (divergence - likelihood.sum(dim=(1, 2, 3))).mean()


@pytest.mark.parametrize("bound", [bound_by_formula, negative_evidence_lower_bound])
def test_gradient_of_the_loss_is_that_of_the_bound_times_the_error(bound):
    net = network().train()
    loss = net.batch_loss(noise_std=0.0)(net, generator(), (IMAGES,))
    noise = torch.randn((6, 5), generator=generator())
    reconstruction, mean, log_variance = net(X, noise)
    divergence = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(dim=1)
    error = mse_loss(reconstruction, X).detach()
    expected = error * gradient(bound(reconstruction, divergence), net)
    found = gradient(loss, net)
    # Float32 through some twenty layers.
    assert float((found - expected).norm()) < 1e-4 * float(expected.norm())
    # The divergence is no small part of it.
    alone = gradient(mse_loss(net(X, noise)[0], X), net)
    assert float((found - alone).norm()) > 0.01 * float(alone.norm())


@pytest.mark.parametrize("noise_std", [0.0, 0.2])
def test_noise_comes_from_the_generator_alone(noise_std):
    net = network()
    loss = net.batch_loss(noise_std=noise_std)

    def value(seed):
        return loss(net, generator(seed), (IMAGES,)).item()

    torch.manual_seed(1)
    first = value(0)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert value(0) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert value(1) != first


def test_input_noise_is_not_in_the_target():
    def perfect(x, noise):
        assert float((x - X).std()) > 0.1
        return X, torch.zeros_like(noise), torch.zeros_like(noise)

    assert float(network().batch_loss(noise_std=0.2)(perfect, generator(), (IMAGES,))) == 0
