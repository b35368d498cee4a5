"""The fully convolutional autoencoder: each code value belongs to a place."""

import pytest
import torch

from novelty_maps.autoencoders.fully_convolutional import FullyConvolutionalAutoencoder
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.pipeline.errors import InputError


@pytest.mark.parametrize(("size", "places"), [(12, 4), (28, 16), (32, 16)])
def test_code_that_does_not_fill_the_places_is_an_input_error(size, places):
    shape = (1, size, size)
    kind = FullyConvolutionalAutoencoder
    assert kind(image_shape=shape, code_length=2 * places).code_length == 2 * places
    for code_length in (places - 1, places + 1):
        said = f"train.code_length is {code_length}: .* multiple of {places}, its "
        with pytest.raises(InputError, match=said):
            kind(image_shape=shape, code_length=code_length)


@torch.no_grad()
def test_fully_convolutional_code_sees_places_and_not_the_whole_image():
    network = seeded_autoencoder(
        0, network="fully_convolutional", image_shape=(1, 64, 64), code_length=64
    ).eval()
    image = torch.zeros(1, 1, 64, 64)
    changed = image.clone()
    changed[..., :4, :4] = 1
    difference = (network.encode(changed) - network.encode(image)).view(8, 8).abs()
    # Three 3×3 convolutions of stride 2 see 15 pixels: the corner belongs to 2×2 places at most.
    assert difference[0, 0] > 0
    assert max(difference[2:].max(), difference[:, 2:].max()) <= 1e-6 * difference[0, 0]


@pytest.mark.parametrize("size", [64, 128, 256])
def test_code_of_64_values_fits_every_power_of_two_from_64_on(size):
    shape = (3, size, size)
    network = FullyConvolutionalAutoencoder(image_shape=shape, code_length=64).eval()
    x = torch.rand(1, *shape)
    with torch.no_grad():
        assert network.encode(x).shape == (1, 64)
        assert network(x).shape == x.shape
