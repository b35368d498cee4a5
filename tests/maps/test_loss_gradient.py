"""Maps that are arithmetic on the loss gradient, on single pixels."""

import torch

from novelty_maps.maps.loss_gradient import (
    LossGradient,
    absolute_error_map,
    input_x_gradient_map,
    reconstruction_error_map,
    saliency_map,
    squared_saliency_map,
    structural_dissimilarity_map,
)


def channels_of(*values):
    """A tensor of one image with one pixel."""
    return torch.tensor(values).view(1, -1, 1, 1)


def test_error_map_is_the_mean_over_channels():
    zero = channels_of(0.0, 0.0, 0.0)
    result = LossGradient(zero, channels_of(1.0, -2.0, 4.0), zero, zero)
    assert reconstruction_error_map(result).tolist() == [[[(1 + 4 + 16) / 3]]]


def test_absolute_error_map_is_the_largest_magnitude_over_channels():
    zero = channels_of(0.0, 0.0, 0.0)
    result = LossGradient(zero, channels_of(1.0, -5.0, 4.0), zero, zero)
    assert absolute_error_map(result).tolist() == [[[5.0]]]


def test_structural_dissimilarity_map_is_the_mean_over_channels_of_one_minus_ssim():
    flat = torch.ones(1, 1, 6, 6).double()
    images = torch.cat([0.2 * flat, 0.4 * flat], dim=1)
    reconstruction = torch.cat([0.6 * flat, 0.4 * flat], dim=1)
    zero = torch.zeros_like(images)
    result = LossGradient(reconstruction, images - reconstruction, zero, zero)
    expected = (1 - (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)) / 2
    found = structural_dissimilarity_map(result, images)
    torch.testing.assert_close(found, expected * flat[:, 0], rtol=1e-9, atol=0)


def test_saliency_map_is_the_largest_magnitude_over_channels():
    zero = channels_of(0.0, 0.0, 0.0)
    result = LossGradient(zero, zero, channels_of(1.0, -5.0, 4.0), channels_of(1.0, 2.0, -1.0))
    assert saliency_map(result).tolist() == [[[3.0]]]  # |2|, |−3|, |3|


def test_squared_saliency_is_the_square_of_the_saliency():
    zero = channels_of(0.0, 0.0)
    result = LossGradient(zero, zero, channels_of(1.0, -5.0), channels_of(1.0, 2.0))
    assert squared_saliency_map(result).tolist() == [[[9.0]]]


def test_input_times_gradient_is_the_largest_magnitude_over_channels():
    zero = channels_of(0.0, 0.0, 0.0)
    result = LossGradient(zero, zero, channels_of(1.0, -5.0, 4.0), channels_of(1.0, 2.0, -1.0))
    x = channels_of(1.0, 0.5, 0.1)
    assert input_x_gradient_map(result, x).tolist() == [[[2.0]]]  # |2|, |−1.5|, |0.3|


def test_gradient_is_the_sum_of_both_terms():
    zero = channels_of(0.0)
    result = LossGradient(zero, zero, channels_of(0.5), channels_of(-2.0))
    assert result.gradient.item() == -1.5
