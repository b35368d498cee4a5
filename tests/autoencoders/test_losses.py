"""Losses of an autoencoder: eq. 2, with noise on the input alone."""

import math

import numpy as np
import pytest
import torch

from novelty_maps.autoencoders.losses import (
    mean_reconstruction_loss,
    noisy_input,
    reconstruction_loss,
)
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.networks.inputs import as_input

CPU = torch.device("cpu")
GENERATOR = torch.Generator().manual_seed(0)


# Strokes at varying places, so that there is something to learn.
IMAGES = torch.zeros(48, 1, 8, 8, dtype=torch.uint8)
for row, image in enumerate(IMAGES):
    image[0, :, row % 7 : row % 7 + 2] = 120 + row


def test_noise_goes_on_the_input_and_not_on_the_target():
    grey = torch.full_like(IMAGES, 128)  # five deviations from either end of the range
    inputs = []

    def perfect(x):
        inputs.append(x)
        return as_input(grey)

    loss = reconstruction_loss(0.1)(perfect, torch.Generator().manual_seed(0), (grey,))
    noise = inputs[0] - as_input(grey)
    assert float(loss) == 0
    # The standard error of a standard deviation of 3072 normal draws is σ/√(2 · 3072); times four.
    assert float(noise.std()) == pytest.approx(0.1, abs=4 * 0.1 / math.sqrt(2 * noise.numel()))
    assert float(noise.mean()) == pytest.approx(0, abs=4 * 0.1 / math.sqrt(noise.numel()))


def test_noisy_input_is_clamped_to_the_range_of_images():
    black = torch.zeros_like(IMAGES)
    drawn = 0.5 * torch.randn(IMAGES.shape, generator=torch.Generator().manual_seed(0))
    noisy, target = noisy_input(black, 0.5, torch.Generator().manual_seed(0))
    assert (drawn > 1).any()
    np.testing.assert_array_equal(noisy, drawn.numpy().clip(0, 1))
    assert torch.equal(target, as_input(black))


def test_without_noise_the_input_is_the_target_and_nothing_is_drawn():
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    loss = reconstruction_loss(0.0)(lambda x: x, generator, (IMAGES,))
    assert float(loss) == 0
    assert torch.equal(generator.get_state(), before)


def test_loss_is_the_mean_squared_error_over_all_values():
    loss = reconstruction_loss(0.0)(lambda x: x + 0.5, GENERATOR, (torch.zeros_like(IMAGES),))
    assert float(loss) == 0.25


def test_mean_reconstruction_loss_does_not_depend_on_the_batch_size():
    net = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4).eval()
    losses = [
        mean_reconstruction_loss(IMAGES, batch_size=size, device=CPU)(net)
        for size in (1, 5, 48, 1000)
    ]
    # Means of float32 squares of positive size, each a sum of up to 3072 values.
    assert losses == pytest.approx([losses[2]] * 4, rel=1e-6)
    x = as_input(IMAGES)
    with torch.no_grad():
        expected = float((x - net(x)).double().square().mean())
    assert losses[2] == pytest.approx(expected, rel=1e-6)
