"""Principal components as an autoencoder, against the singular value decomposition."""

import numpy as np
import pytest
import torch

from novelty_maps.agreement.curves import agreement_curve
from novelty_maps.autoencoders.principal_components import PrincipalComponents
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.ranking import top_pixels
from novelty_maps.pipeline.errors import InputError

CPU = torch.device("cpu")
# Rounding of the results to float32.
TOLERANCE = {"rtol": 0, "atol": 1e-6}


def images_of(count, channels=1, size=8):
    """Images with a few strong directions among noise."""
    generator = np.random.default_rng([count, channels])
    directions = generator.normal(size=(6, channels * size**2)) * 2.0 ** -np.arange(6)[:, None]
    values = generator.normal(size=(count, 6)) @ directions
    values += 0.3 * generator.normal(size=values.shape)
    pixels = np.clip(127 + 20 * values, 0, 255).astype(np.uint8)
    return pixels.reshape(count, channels, size, size)


def fitted(images, code_length=5):
    network = PrincipalComponents(image_shape=images.shape[1:], code_length=code_length)
    network.fit(images)
    return network.eval()


def decomposed(images):
    """Mean, singular values and directions of the centred images in float64, by numpy."""
    values = images.reshape(len(images), -1) / 255.0
    mean = values.mean(axis=0)
    _, singular_values, directions = np.linalg.svd(values - mean, full_matrices=False)
    return mean, singular_values, directions


# More images than values and fewer, which are two solvers.
both = pytest.mark.parametrize("images", [images_of(100), images_of(40), images_of(90, 3)])


@both
def test_components_are_the_leading_directions_of_the_svd(images):
    network = fitted(images)
    mean, _, directions = decomposed(images)
    np.testing.assert_allclose(network.mean, mean, **TOLERANCE)
    signs = np.sign((network.components.numpy() * directions[:5]).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(network.components, signs * directions[:5], **TOLERANCE)


@both
def test_components_are_orthonormal(images):
    components = fitted(images, code_length=20).components
    np.testing.assert_allclose(components @ components.T, np.eye(20), **TOLERANCE)


@both
@pytest.mark.parametrize("code_length", [1, 5, 30])
def test_squared_error_is_what_the_trailing_singular_values_leave(images, code_length):
    # No reconstruction of this rank has a smaller one (Eckart & Young 1936).
    network = fitted(images, code_length).double()
    x = torch.from_numpy(images / 255.0)
    _, singular_values, _ = decomposed(images)
    expected = (singular_values[code_length:] ** 2).sum()
    assert float((x - network(x)).square().sum()) == pytest.approx(expected, rel=1e-5)


@both
def test_reconstruction_of_a_reconstruction_is_itself(images):
    network = fitted(images)
    with torch.no_grad():
        once = network(torch.rand(4, *images.shape[1:]))
        np.testing.assert_allclose(network(once), once, rtol=0, atol=1e-5)


def test_all_components_reconstruct_everything():
    images = images_of(100)
    network = fitted(images, code_length=64)
    x = torch.rand(4, 1, 8, 8)
    np.testing.assert_allclose(network(x), x, rtol=0, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_of_error_and_saliency_agree_fully_on_every_image(channels):
    network = fitted(images_of(100, channels))
    maps = gather_maps(
        network,
        images_of(30, channels),
        methods=["reconstruction_error", "saliency", "direct_term", "indirect_term"],
        batch_size=30,
        device=CPU,
    )
    assert np.abs(maps["indirect_term"]).max() < 1e-5 * np.abs(maps["direct_term"]).max()
    if channels == 1:  # of colours, r is the mean and s the largest
        tops = [top_pixels(maps[name]) for name in ("reconstruction_error", "saliency")]
        curve = agreement_curve(*tops, 64)
        np.testing.assert_array_equal(curve, np.tile(np.arange(1, 65), (30, 1)))


def test_fit_is_repeatable_and_learns_nothing_by_gradient():
    images = images_of(40)
    first, again = fitted(images), fitted(images)
    assert torch.equal(first.components, again.components)
    assert not list(first.parameters())


@pytest.mark.parametrize(("count", "code_length"), [(4, 5), (1, 2), (100, 65)])
def test_more_components_than_images_or_values_are_an_input_error(count, code_length):
    most = min(count, 64)
    said = f"train.code_length is {code_length}, but {count} images of 64 .* than {most} comp"
    with pytest.raises(InputError, match=said):
        fitted(images_of(count), code_length)
