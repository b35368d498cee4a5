"""What reconstructions are compared by: closed forms, symmetries, gradients."""

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.networks.losses import (
    DEVIATIONS,
    image_losses,
    loss_name,
    mean_loss,
    structural_dissimilarity,
)


def pair(channels=2, side=16, count=3, seed=0):
    """Images in [0, 1] and noisy ones, float64."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(count, channels, side, side, generator=generator, dtype=torch.float64)
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    return x, x + 0.2 * noise


def test_equal_images_differ_nowhere_and_others_everywhere_by_at_most_two():
    x, v = pair()
    assert structural_dissimilarity(x, x).abs().max() < 1e-14
    found = structural_dissimilarity(x, v)
    assert found.shape == x.shape
    assert found.min() > 0
    assert structural_dissimilarity(x, 1 - x).max() <= 2


def test_flat_images_differ_by_their_luminance_alone():
    x, v = (torch.full((1, 1, 12, 12), value).double() for value in (0.2, 0.6))
    expected = 1 - (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    np.testing.assert_allclose(structural_dissimilarity(x, v), expected, rtol=1e-6)


def test_an_inverted_pattern_is_as_dissimilar_as_can_be():
    """Covariance −1 times the variance: SSIM is near −1 where the contrast dwarfs the constants."""
    x = (torch.arange(16) % 2).double().expand(1, 1, 16, 16)
    assert structural_dissimilarity(x, 1 - x)[..., 5:-5].min() > 1.99


def test_dissimilarity_is_symmetric_and_of_each_channel_alone():
    x, v = pair()
    found = structural_dissimilarity(x, v)
    torch.testing.assert_close(found, structural_dissimilarity(v, x))
    torch.testing.assert_close(found[:, :1], structural_dissimilarity(x[:, :1], v[:, :1]))


def test_dissimilarity_moves_with_mirrored_images():
    x, v = pair()
    for axis in (2, 3):
        torch.testing.assert_close(
            structural_dissimilarity(x.flip(axis), v.flip(axis)),
            structural_dissimilarity(x, v).flip(axis),
        )
    torch.testing.assert_close(
        structural_dissimilarity(x.mT, v.mT), structural_dissimilarity(x, v).mT
    )


def test_a_changed_pixel_matters_within_the_window_alone():
    x, _ = pair(side=24)
    v = x.clone()
    v[..., 12, 12] += 0.3
    changed = (structural_dissimilarity(x, v).abs() > 1e-12)[0, 0]
    assert changed[7:18, 7:18].all()
    assert changed.sum() == 11 * 11


@pytest.mark.parametrize("name", DEVIATIONS)
def test_gradient_is_that_of_finite_differences(name):
    x, v = pair(channels=1, side=6, count=1)
    inputs = (v.requires_grad_(), x.requires_grad_())
    assert torch.autograd.gradcheck(DEVIATIONS[name], inputs)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_mean_loss_is_the_mean_over_images_of_their_losses(name):
    network = nn.Identity()
    network.loss = name
    x, v = (image.float() for image in pair())
    each = image_losses(network, x, v)
    assert each.shape == (3,)
    assert float(mean_loss(name, v, x)) == pytest.approx(float(each.mean()), rel=1e-6)
    expected = [float(DEVIATIONS[name](a[None], b[None]).mean()) for a, b in zip(x, v, strict=True)]
    assert each.tolist() == pytest.approx(expected, rel=1e-5)


def test_a_reconstruction_in_bfloat16_is_compared_in_float32():
    x, v = (image.float() for image in pair())
    with torch.autocast("cpu", torch.bfloat16):
        found = mean_loss("ssim", v.bfloat16(), x)
    assert found.dtype == torch.float32
    assert torch.equal(found, mean_loss("ssim", v.bfloat16().float(), x))


def test_a_network_that_says_nothing_has_the_squared_error():
    assert loss_name(nn.Identity()) == "mse"
