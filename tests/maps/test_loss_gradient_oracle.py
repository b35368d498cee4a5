"""The gradient of the reconstruction loss and its two terms, against autograd and closed forms."""

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.agreement.curves import agreement_curve
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.maps.compute import compute_maps
from novelty_maps.maps.loss_gradient import (
    LossGradient,
    absolute_error_map,
    direct_term_map,
    loss_gradient,
    reconstruction_error_map,
    saliency_map,
)
from novelty_maps.maps.ranking import top_pixels

EPS = float(torch.finfo(torch.float64).eps)


class LinearAutoencoder(nn.Module):
    """h(x) = Wx on flattened images."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def forward(self, x):
        return (x.flatten(1) @ self.matrix.T).reshape(x.shape)


def real_autoencoder(channels):
    """The project's network in float64, its batch norm statistics far from the initial ones."""
    network = seeded_autoencoder(3, image_shape=(channels, 8, 8), code_length=6).double()
    with torch.no_grad():
        for _ in range(20):
            network(random_images(16, channels))
    return network.eval()


def random_images(count, channels=1, size=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, size, size, generator=generator, dtype=torch.float64)


def losses(network, x):
    """L of each image, eq. 2, with x in both roles."""
    return (x - network(x)).square().mean(dim=(1, 2, 3))


def projection(size, rank, seed=0):
    """Orthogonal projection onto a random subspace, and the number of pixels."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(size * size, rank, generator=generator, dtype=torch.float64)
    basis, _ = torch.linalg.qr(vectors)
    return basis @ basis.T


def agreements(r, s):
    """Agreement curve of two float64 maps."""
    tops = [top_pixels(map_.numpy().astype(np.float32)) for map_ in (r, s)]
    return agreement_curve(*tops, r[0].numel())


@pytest.mark.parametrize("channels", [1, 3])
def test_gradient_is_that_of_autograd_through_both_roles_of_x(channels):
    network, images = real_autoencoder(channels), random_images(5, channels, seed=1)
    x = images.clone().requires_grad_()
    (expected,) = torch.autograd.grad(losses(network, x).sum(), x)
    gradient = loss_gradient(network, images).gradient
    # Both are some twenty float64 layers in another order of additions.
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e4 * EPS * float(expected.max()))


def dissimilarity(x, v):
    """Mean of 1 − SSIM of each image: the luminance, contrast and structure terms one by one."""
    place = torch.arange(x.shape[-1], dtype=x.dtype)
    distance = (place - place[:, None]).abs()
    weights = torch.where(distance <= 5, torch.exp(-(distance**2) / 4.5), 0)
    weights = weights / weights.sum(dim=1, keepdim=True)

    def mean(values):
        return weights @ values @ weights.T

    mean_x, mean_v = mean(x), mean(v)
    var_x, var_v = mean(x**2) - mean_x**2, mean(v**2) - mean_v**2
    covariance = mean(x * v) - mean_x * mean_v
    luminance = (2 * mean_x * mean_v + 1e-4) / (mean_x**2 + mean_v**2 + 1e-4)
    structure = (2 * covariance + 9e-4) / (var_x + var_v + 9e-4)
    return (1 - luminance * structure).mean(dim=(1, 2, 3))


@pytest.mark.parametrize("channels", [1, 3])
def test_terms_of_an_ssim_network_are_the_gradients_through_each_role_of_x(channels):
    network, images = real_autoencoder(channels), random_images(5, channels, seed=1)
    network.loss = "ssim"
    result = loss_gradient(network, images)
    x = images.clone().requires_grad_()
    torch.testing.assert_close(result.reconstruction, network(images))
    torch.testing.assert_close(result.error, images - network(images))
    v = network(images).detach()
    (direct,) = torch.autograd.grad(dissimilarity(x, v).sum(), x)
    (indirect,) = torch.autograd.grad(dissimilarity(images, network(x)).sum(), x)
    (both,) = torch.autograd.grad(dissimilarity(x, network(x)).sum(), x)
    terms = (result.direct, direct), (result.indirect, indirect), (result.gradient, both)
    for found, expected in terms:
        largest = float(expected.abs().max())
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10 * largest)
    assert not torch.allclose(result.direct, 2 * result.error / images[0].numel(), rtol=0.1)


def test_ssim_network_that_is_the_identity_has_no_gradient():
    network = nn.Identity()
    network.loss = "ssim"
    result = loss_gradient(network, random_images(2))
    assert float(result.gradient.abs().max()) < 1e-12


@pytest.mark.parametrize("channels", [1, 3])
def test_saliency_is_the_largest_channel_of_the_autograd_gradient(channels):
    network, images = real_autoencoder(channels), random_images(5, channels, seed=1)
    x = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(losses(network, x).sum(), x)
    saliency = saliency_map(loss_gradient(network, images))
    expected = gradient.abs().max(dim=1).values
    torch.testing.assert_close(saliency, expected, rtol=0, atol=1e4 * EPS * float(expected.max()))


@pytest.mark.parametrize("channels", [1, 3])
@torch.no_grad()
def test_gradient_is_that_of_central_finite_differences(channels):
    network, images = real_autoencoder(channels), random_images(2, channels, seed=2)
    step = 1e-6
    steps = step * torch.eye(images[0].numel(), dtype=torch.float64)
    gradients = loss_gradient(network, images).gradient
    for image, gradient in zip(images, gradients, strict=True):
        ahead = losses(network, image + steps.view(-1, *image.shape))
        behind = losses(network, image - steps.view(-1, *image.shape))
        expected = ((ahead - behind) / (2 * step)).view_as(image)
        # A loss below 1 is off by a few EPS, which the division by the step makes larger; the
        # truncation error, of the order of step², is smaller.
        assert float(ahead.max()) < 1
        torch.testing.assert_close(gradient, expected, rtol=0, atol=10 * EPS / step)
        assert float(gradient.abs().max()) > 1e5 * EPS / step  # so that a wrong one would differ


@pytest.mark.parametrize("channels", [1, 3])
def test_direct_and_indirect_terms_add_up_to_the_gradient(channels):
    network, images = real_autoencoder(channels), random_images(5, channels, seed=1)
    result = loss_gradient(network, images)
    x = images.clone().requires_grad_()
    error = (x - network(x)).detach()
    (through_target,) = torch.autograd.grad(
        (x - network(x).detach()).square().mean(dim=(1, 2, 3)).sum(), x
    )
    (through_input,) = torch.autograd.grad(
        (images - network(x)).square().mean(dim=(1, 2, 3)).sum(), x
    )
    scale = float(through_target.abs().max())
    torch.testing.assert_close(result.error, error, rtol=0, atol=0)
    torch.testing.assert_close(result.direct, through_target, rtol=0, atol=4 * EPS * scale)
    torch.testing.assert_close(result.indirect, through_input, rtol=0, atol=1e4 * EPS * scale)
    torch.testing.assert_close(result.gradient, result.direct + result.indirect, rtol=0, atol=0)
    assert float(through_input.abs().max()) > 1e-3 * scale  # there is an indirect term to lose


def test_saliency_of_a_detached_reconstruction_agrees_fully_with_the_error_map():
    network, images = real_autoencoder(1), random_images(30, seed=4)
    x = images.clone().requires_grad_()
    detached = (x - network(x).detach()).square().mean(dim=(1, 2, 3)).sum()
    (gradient,) = torch.autograd.grad(detached, x)
    r = reconstruction_error_map(loss_gradient(network, images))
    curve = agreements(r, gradient.abs().amax(dim=1))
    np.testing.assert_array_equal(curve, np.tile(np.arange(1, 65), (30, 1)))


def test_direct_term_alone_agrees_fully_with_the_error_map():
    network, images = real_autoencoder(1), random_images(30, seed=5)
    result = loss_gradient(network, images)
    zero = torch.zeros_like(result.indirect)
    direct_only = LossGradient(result.reconstruction, result.error, result.direct, zero)
    curve = agreements(reconstruction_error_map(result), saliency_map(direct_only))
    np.testing.assert_array_equal(curve, np.tile(np.arange(1, 65), (30, 1)))


def test_absolute_error_of_one_channel_has_the_ranks_of_the_error_map():
    result = loss_gradient(real_autoencoder(1), random_images(30, seed=5))
    curve = agreements(reconstruction_error_map(result), absolute_error_map(result))
    np.testing.assert_array_equal(curve, np.tile(np.arange(1, 65), (30, 1)))


def test_absolute_error_of_one_channel_is_the_direct_term_up_to_a_factor():
    result = loss_gradient(real_autoencoder(1), random_images(5, seed=1))
    direct = direct_term_map(result).abs()
    torch.testing.assert_close(absolute_error_map(result), 64 / 2 * direct, rtol=4 * EPS, atol=0)


def test_absolute_error_of_colours_is_not_the_error_map_in_another_power():
    """Its order is that of the largest channel, r's that of the mean."""
    result = loss_gradient(real_autoencoder(3), random_images(5, 3, seed=1))
    error = random_images(5, 3, seed=1) - result.reconstruction
    expected = np.abs(error.numpy()).max(axis=1)
    np.testing.assert_array_equal(absolute_error_map(result).numpy(), expected)
    curve = agreements(reconstruction_error_map(result), absolute_error_map(result))
    assert (curve < np.arange(1, 65)).any()


def test_the_indirect_term_is_what_disagrees():
    result = loss_gradient(real_autoencoder(1), random_images(30, seed=5))
    curve = agreements(reconstruction_error_map(result), saliency_map(result))
    assert (curve < np.arange(1, 65)).any()


def test_orthogonal_projection_has_no_indirect_term_and_full_agreement():
    network, images = LinearAutoencoder(projection(8, 10)), random_images(30, seed=6)
    images = images - images.mean(dim=0)
    result = loss_gradient(network, images)
    # Pᵀ(I − P)x is a sum of 64 products that would cancel, of values of the order of 1.
    bound = 64 * EPS * float(result.direct.abs().max())
    assert float(result.indirect.abs().max()) <= bound
    curve = agreements(reconstruction_error_map(result), saliency_map(result))
    np.testing.assert_array_equal(curve, np.tile(np.arange(1, 65), (30, 1)))


@pytest.mark.parametrize("channels", [1, 3])
def test_linear_autoencoder_has_the_closed_form_gradient(channels):
    n = channels * 25
    generator = torch.Generator().manual_seed(7)
    w = torch.randn(n, n, generator=generator, dtype=torch.float64) / n**0.5
    images = random_images(4, channels, size=5, seed=8)
    residual = torch.eye(n, dtype=torch.float64) - w
    expected = 2 / n * images.flatten(1) @ residual.T @ residual  # rows: (I − W)ᵀ(I − W)x
    gradient = loss_gradient(LinearAutoencoder(w), images).gradient.flatten(1)
    # Two products with n terms each.
    bound = 4 * n * EPS * float(expected.abs().max())
    torch.testing.assert_close(gradient, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("gain", [1.0, 0.7])
@pytest.mark.parametrize(
    "method", ["reconstruction_error", "absolute_error", "saliency", "direct_term"]
)
def test_planted_square_is_found(method, gain):
    """Normal images have strokes on the left; the square on the right is not reconstructed.

    At gain 0.7 the strokes are reconstructed in part: they are left at 0.3 in e and at
    0.3² = 0.09 in the gradient, and the square's 0.45 stands out in both. With the sign of the
    indirect term flipped they would be at 0.51, and with that of the reconstruction at 1.7.
    """
    size = 12
    strokes = torch.zeros(2, size, size)
    strokes[0, 1:5, 0:4] = 1
    strokes[1, 6:11, 1:5] = 1
    basis = strokes.flatten(1) / strokes.flatten(1).norm(dim=1, keepdim=True)
    network = LinearAutoencoder(gain * basis.T @ basis)
    square = np.zeros((size, size), bool)
    square[4:7, 8:11] = True
    image = np.round(255 * (strokes[0] + 0.9 * strokes[1]).numpy())
    image[square] = np.round(255 * 0.45)
    (maps,) = compute_maps(
        network,
        image.astype(np.uint8)[None, None],
        methods=[method],
        batch_size=1,
        device=torch.device("cpu"),
    )
    top = top_pixels(maps[method], int(square.sum()))
    assert set(top[0].tolist()) == set(np.flatnonzero(square).tolist())
