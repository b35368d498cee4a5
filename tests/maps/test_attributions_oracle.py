"""Attributions against definitions written out, closed forms, and Captum where we do without."""

import pytest
import torch
from captum.attr import InputXGradient, NoiseTunnel, Saliency
from torch import nn

from novelty_maps.maps import attributions
from novelty_maps.maps.loss_gradient import (
    input_x_gradient_map,
    loss_gradient,
    reconstruction_error_map,
    saliency_map,
)

EPS = float(torch.finfo(torch.float64).eps)
EPS32 = float(torch.finfo(torch.float32).eps)


def network_of(channels, activation=nn.Tanh):
    """A small autoencoder in float64, smooth by default."""
    with torch.random.fork_rng():
        torch.manual_seed(channels)
        network = nn.Sequential(
            nn.Conv2d(channels, 6, 3, stride=2, padding=1),
            activation(),
            nn.ConvTranspose2d(6, 6, 4, stride=2, padding=1),
            activation(),
            nn.Conv2d(6, channels, 1),
        )
    return network.double().eval()


def images_of(channels, count=4, size=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, size, size, generator=generator, dtype=torch.float64)


def losses(network, x):
    """L of each image, eq. 2, with x in both roles."""
    return (x - network(x)).square().mean(dim=(1, 2, 3))


def gradient_of(network, x):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(losses(network, x).sum(), x)
    return gradient


def baselines_of(network, x):
    """Black, a mean image, and the reconstruction."""
    return {
        "black": torch.zeros_like(x),
        "mean": images_of(x.shape[1], 30, seed=1).mean(dim=0),
        "reconstruction": network(x).detach(),
    }


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["black", "mean", "reconstruction"])
@torch.no_grad()
def test_integrated_gradients_add_up_to_the_difference_of_losses(kind, channels):
    network, x = network_of(channels), images_of(channels)
    baseline = baselines_of(network, x)[kind]
    found = attributions.integrated_gradients(network, x, baseline).sum(dim=(1, 2, 3))
    expected = losses(network, x) - losses(network, baseline.expand_as(x))
    # Captum rounds the weights of its 32 steps to float32; the quadrature itself is exact to EPS.
    torch.testing.assert_close(
        found, expected, rtol=0, atol=4 * EPS32 * float(expected.abs().max())
    )
    assert float(expected.abs().min()) > 1e-3


@pytest.mark.parametrize("kind", ["black", "mean", "reconstruction"])
def test_integrated_gradients_are_the_integral_by_the_trapezoid_rule(kind):
    network, x = network_of(3), images_of(3)
    baseline = baselines_of(network, x)[kind].expand_as(x)
    steps = 300
    integral = torch.zeros_like(x)
    for step in range(steps + 1):
        weight = (0.5 if step in (0, steps) else 1) / steps
        integral += weight * gradient_of(network, baseline + step / steps * (x - baseline))
    expected = (x - baseline) * integral
    found = attributions.integrated_gradients(network, x, baseline)
    # The trapezoids are off by the order of steps⁻².
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("channels", [1, 3])
def test_input_times_gradient_is_that_of_captum(channels):
    network, x = network_of(channels, nn.ReLU), images_of(channels)
    loss = attributions.ReconstructionLoss(network)
    expected = InputXGradient(loss).attribute(x.clone().requires_grad_()).detach()
    expected = expected.abs().amax(dim=1)
    found = input_x_gradient_map(loss_gradient(network, x), x)
    bound = 1e3 * EPS * float(expected.max())
    torch.testing.assert_close(found, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("channels", [1, 3])
def test_smoothgrad_is_that_of_captum_given_the_same_noise(channels):
    network, x = network_of(channels, nn.ReLU).float(), images_of(channels, 1).float()
    tunnel = NoiseTunnel(Saliency(attributions.ReconstructionLoss(network)))
    with torch.random.fork_rng():
        torch.manual_seed(7)
        expected = tunnel.attribute(
            x.clone().requires_grad_(),
            nt_type="smoothgrad",
            nt_samples=attributions.NOISY_COPIES,
            nt_samples_batch_size=1,
            stdevs=attributions.NOISE_STD,
            abs=False,
        )
    found = attributions.smoothgrad(network, x, [torch.Generator().manual_seed(7)])
    bound = 64 * EPS32 * float(expected.abs().max())
    torch.testing.assert_close(found, expected.detach(), rtol=0, atol=bound)
    assert float((found - gradient_of(network, x)).abs().max()) > 1e3 * bound


def test_smoothgrad_of_a_linear_network_is_near_the_gradient():
    """The gradient is linear in the noise there, whose mean over copies is near zero."""
    network, x = nn.Conv2d(1, 1, 3, padding=1).double(), images_of(1)
    generators = [torch.Generator().manual_seed(seed) for seed in range(len(x))]
    noise = attributions.smoothgrad(network, x, generators) - gradient_of(network, x)
    unit = torch.eye(64, dtype=torch.float64).view(64, 1, 8, 8)
    hessian = (gradient_of(network, unit) - gradient_of(network, 0 * unit)).view(64, 64)
    variance = (attributions.NOISE_STD * hessian).square().sum(dim=0) / attributions.NOISY_COPIES
    scaled = noise.view(4, 64) / variance.sqrt()
    assert 0.7 < float(scaled.square().mean()) < 1.4  # 256 values, correlated to neighbours


@pytest.mark.parametrize("slope", [0.0, 0.01])
def test_guided_backpropagation_is_the_rule_written_out(slope):
    """h(x) = W₂ρ(W₁x + b): what goes back through ρ is multiplied by ρ', and 0 if negative."""

    class Activation(nn.ReLU):
        def forward(self, x):
            return nn.functional.leaky_relu(x, slope)

    generator = torch.Generator().manual_seed(0)
    w1, w2, b = (
        torch.randn(*shape, generator=generator, dtype=torch.float64) / 4
        for shape in ((10, 16), (16, 10), (10,))
    )
    first, second = nn.Linear(16, 10), nn.Linear(10, 16, bias=False)
    first.weight.data, first.bias.data, second.weight.data = w1, b, w2
    network = nn.Sequential(
        nn.Flatten(), first, Activation(), second, nn.Unflatten(1, (1, 4, 4))
    ).double()
    x = images_of(1, size=4)
    before = x.flatten(1) @ w1.T + b
    error = x.flatten(1) - torch.where(before > 0, before, slope * before) @ w2.T
    back = -2 / 16 * error @ w2  # to the output of the activation
    through = torch.where(before > 0, back, slope * back).clamp(min=0)
    expected = (2 / 16 * error + through @ w1).view(x.shape)
    found = attributions.guided_backpropagation(network, x)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e2 * EPS)
    plain = gradient_of(network, x)
    assert float((found - plain).abs().max()) > 1e-3


@pytest.mark.parametrize(("channels", "size"), [(1, 14), (3, 14), (1, 23)])
@torch.no_grad()
def test_occlusion_is_the_loop_over_windows(channels, size):
    network = nn.Conv2d(channels, channels, 3, padding=1).double()
    x, baseline = images_of(channels, 2, size), images_of(channels, 1, size, seed=1)[0]
    window = size // 7
    stride = max(1, window // 2)
    total, covered = torch.zeros(2, size, size, dtype=torch.float64), torch.zeros(size, size)
    tops = [*range(0, size - window, stride), size - window]
    if (size - window) % stride:
        tops[-1] = tops[-2] + stride  # the last window is cut off by the border
    for top in tops:
        for left in tops:
            rows, columns = slice(top, top + window), slice(left, left + window)
            occluded = x.clone()
            occluded[:, :, rows, columns] = baseline[:, rows, columns]
            drop = losses(network, x) - losses(network, occluded)
            total[:, rows, columns] += drop[:, None, None]
            covered[rows, columns] += 1
    expected = total / covered
    assert (expected < 0).any()
    found = attributions.occlusion(network, x, baseline)
    # Captum divides by the number of windows in float32.
    torch.testing.assert_close(found, expected.clamp(min=0).float(), rtol=2 * EPS32, atol=1e2 * EPS)


def test_principal_components_have_no_indirect_term_and_a_saliency_proportional_to_the_error():
    class Projection(nn.Module):
        def __init__(self, images):
            super().__init__()
            self.mean = images.flatten(1).mean(dim=0)
            _, _, axes = torch.linalg.svd(images.flatten(1) - self.mean, full_matrices=False)
            self.axes = axes[:10]

        def forward(self, x):
            centred = x.flatten(1) - self.mean
            return (self.mean + centred @ self.axes.T @ self.axes).view(x.shape)

    network, x = Projection(images_of(1, 30)), images_of(1, seed=2)
    result = loss_gradient(network, x)
    bound = 64 * EPS * float(result.direct.abs().max())
    assert float(result.indirect.abs().max()) <= bound
    expected = 2 / 64 * reconstruction_error_map(result).sqrt()
    torch.testing.assert_close(saliency_map(result), expected, rtol=0, atol=2 * bound)
    guided = attributions.guided_backpropagation(network, x)
    torch.testing.assert_close(guided, result.gradient, rtol=0, atol=2 * bound)
