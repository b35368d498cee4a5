"""Maps of a whole set of images: their form, and what they may not depend on."""

import numpy as np
import pytest
import torch
from torch import nn

from stages.lib.maps import (
    MAP_METHODS,
    LossGradient,
    compute_maps,
    reconstruction_error_map,
    saliency_map,
)
from stages.lib.networks import seeded_autoencoder

CPU = torch.device("cpu")
METHODS = ["reconstruction_error", "saliency"]


def images_of(channels, count=11):
    generator = np.random.default_rng(channels)
    return generator.integers(0, 256, (count, channels, 8, 8), dtype=np.uint8)


def network_of(channels):
    """A network whose batch norm statistics are those of the images, in evaluation mode."""
    network = seeded_autoencoder(0, channels=channels, image_size=8, code_length=4)
    with torch.no_grad():
        for _ in range(20):
            network(torch.from_numpy(images_of(channels)).float() / 255)
    return network.eval()


def maps_of(network, images, *, batch_size=4, methods=METHODS):
    """All batches joined."""
    batches = list(
        compute_maps(network, images, methods=methods, batch_size=batch_size, device=CPU)
    )
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def assert_equal_but_for_rounding(a, b):
    """Within float32 rounding of some twenty layers with up to a thousand terms a sum."""
    for name in a:
        scale = np.abs(a[name]).max()
        assert scale > 0
        np.testing.assert_allclose(a[name], b[name], rtol=0, atol=32 * 2**-23 * scale)


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_are_float32_with_one_value_a_pixel(channels):
    maps = maps_of(network_of(channels), images_of(channels))
    assert maps.keys() == {"reconstruction", "reconstruction_error", "saliency"}
    assert maps["reconstruction"].shape == (11, channels, 8, 8)
    assert maps["reconstruction_error"].shape == maps["saliency"].shape == (11, 8, 8)
    assert {map_.dtype for map_ in maps.values()} == {np.dtype(np.float32)}
    assert (maps["reconstruction_error"] >= 0).all()
    assert (maps["saliency"] >= 0).all()


def test_batches_come_in_order_and_the_last_one_is_the_rest():
    batches = compute_maps(
        network_of(1), images_of(1), methods=["saliency"], batch_size=4, device=CPU
    )
    assert [len(batch["saliency"]) for batch in batches] == [4, 4, 3]


@pytest.mark.parametrize("method", sorted(MAP_METHODS))
def test_only_the_asked_methods_are_computed(method):
    maps = maps_of(network_of(1), images_of(1), methods=[method])
    assert maps.keys() == {"reconstruction", method}


@pytest.mark.parametrize("channels", [1, 3])
def test_error_map_is_the_squared_difference_of_image_and_reconstruction(channels):
    images = images_of(channels)
    maps = maps_of(network_of(channels), images)
    error = images / np.float32(255) - maps["reconstruction"]
    # A subtraction, a square and a mean of three.
    np.testing.assert_allclose(
        maps["reconstruction_error"], (error**2).mean(axis=1), rtol=8 * 2**-23
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 3, 11, 100])
def test_batch_size_changes_nothing_but_rounding(channels, batch_size):
    network, images = network_of(channels), images_of(channels)
    assert_equal_but_for_rounding(
        maps_of(network, images), maps_of(network, images, batch_size=batch_size)
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_permuting_the_images_permutes_the_maps(channels):
    network, images = network_of(channels), images_of(channels)
    order = np.random.default_rng(1).permutation(len(images))
    expected = {name: map_[order] for name, map_ in maps_of(network, images).items()}
    assert_equal_but_for_rounding(expected, maps_of(network, images[order]))


def test_images_and_network_are_left_as_they_were():
    network, images = network_of(1), images_of(1)
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    pixels = images.copy()
    network.train()
    maps_of(network, images)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(weights[k], value) for k, value in network.state_dict().items())
    np.testing.assert_array_equal(images, pixels)


def test_read_only_images_are_taken():
    images = images_of(1)
    images.flags.writeable = False
    assert len(maps_of(network_of(1), images)["saliency"]) == len(images)


def test_network_in_training_mode_is_evaluated_all_the_same():
    network, images = network_of(1), images_of(1)
    expected = maps_of(network, images)
    maps = maps_of(network.train(), images)
    for name in expected:
        np.testing.assert_array_equal(maps[name], expected[name])


def test_gradients_are_computed_where_they_are_switched_off():
    network, images = network_of(1), images_of(1)
    expected = maps_of(network, images)
    with torch.no_grad():
        maps = maps_of(network, images)
    np.testing.assert_array_equal(maps["saliency"], expected["saliency"])


def test_perfect_reconstruction_has_all_zero_maps():
    maps = maps_of(nn.Identity(), images_of(1))
    assert (maps["reconstruction"] == images_of(1) / np.float32(255)).all()
    assert not maps["reconstruction_error"].any()
    assert not maps["saliency"].any()


def channels_of(*values):
    """A tensor of one image with one pixel."""
    return torch.tensor(values).view(1, -1, 1, 1)


def test_error_map_is_the_mean_over_channels():
    zero = channels_of(0.0, 0.0, 0.0)
    result = LossGradient(zero, channels_of(1.0, -2.0, 4.0), zero, zero)
    assert reconstruction_error_map(result).tolist() == [[[(1 + 4 + 16) / 3]]]


def test_saliency_map_is_the_largest_magnitude_over_channels():
    zero = channels_of(0.0, 0.0, 0.0)
    result = LossGradient(zero, zero, channels_of(1.0, -5.0, 4.0), channels_of(1.0, 2.0, -1.0))
    assert saliency_map(result).tolist() == [[[3.0]]]  # |2|, |−3|, |3|


def test_gradient_is_the_sum_of_both_terms():
    zero = channels_of(0.0)
    result = LossGradient(zero, zero, channels_of(0.5), channels_of(-2.0))
    assert result.gradient.item() == -1.5
