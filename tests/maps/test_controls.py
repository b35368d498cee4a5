"""Controls: closed forms, and Sobel against SciPy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from novelty_maps.maps import controls


def images_of(channels, size=9):
    return torch.rand(4, channels, size, size + 2, generator=torch.Generator().manual_seed(0))


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("channels", [1, 3])
def test_sobel_is_that_of_scipy(channels):
    x = images_of(channels)
    found = controls.sobel(x)
    planes = x.numpy().astype(np.float64).reshape(-1, *x.shape[2:])
    magnitudes = [np.hypot(ndimage.sobel(p, axis=0), ndimage.sobel(p, axis=1)) for p in planes]
    expected = np.reshape(magnitudes, x.shape).max(axis=1)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * expected.max())


def test_sobel_of_a_ramp_is_its_slope_and_of_a_flat_image_zero():
    ramp = torch.arange(6.0).expand(1, 1, 5, 6)
    np.testing.assert_array_equal(controls.sobel(ramp)[0, :, 1:-1], np.full((5, 4), 8.0))
    assert not controls.sobel(torch.ones(1, 3, 5, 6)).any()


def test_sobel_takes_images_that_are_channels_last_in_memory():
    x = images_of(3)
    found = controls.sobel(x.to(memory_format=torch.channels_last))
    np.testing.assert_allclose(found, controls.sobel(x), rtol=1e-5)


def test_uniform_is_noise_of_each_images_own_generator():
    x = images_of(3)
    found = controls.uniform(x, generators(0, 1, 2, 0))
    assert found.shape == (4, 9, 11)
    assert found.dtype == torch.float32
    assert ((found >= 0) & (found < 1)).all()
    assert torch.equal(found[0], found[3])
    assert not torch.equal(found[0], found[1])
    assert torch.equal(controls.uniform(x[1:2], generators(1))[0], found[1])


def test_uniform_is_uniform():
    values = controls.uniform(torch.zeros(100, 1, 28, 28), generators(*range(100)))
    counts = np.histogram(values, bins=10, range=(0, 1))[0] / values.numel()
    np.testing.assert_allclose(counts, 0.1, atol=5 * (0.09 / values.numel()) ** 0.5)


def test_input_magnitude_is_the_largest_channel():
    x = torch.tensor([0.25, -0.75, 0.5]).view(1, 3, 1, 1)
    assert controls.input_magnitude(x).tolist() == [[[0.75]]]


def test_distance_to_mean_is_the_largest_over_channels():
    x, mean = torch.tensor([[0.25, 0.75]] * 2), torch.tensor([0.75, 0.5])
    found = controls.distance_to_mean(x.view(2, 2, 1, 1), mean.view(2, 1, 1))
    assert found.tolist() == [[[0.5]], [[0.5]]]


def test_mask_is_one_inside():
    masks = torch.tensor([[[True, False]]])
    found = controls.mask(masks)
    assert found.dtype == torch.float32
    assert found.tolist() == [[[1.0, 0.0]]]
