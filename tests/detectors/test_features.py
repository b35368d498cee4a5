"""Patch features of a trunk that is known."""

import numpy as np
import pytest
import torch
from oracles.frozen_network import CPU, noise, pooled_features, pooled_network

from novelty_maps.detectors.features import BATCH, PatchFeatures, real_patches


def test_features_are_means_of_neighbours_on_the_finer_grid_by_hand():
    images = noise(2)
    found = next(pooled_features(images).of_images(images))
    assert found.shape == (2, 6, 4, 4)
    finer = (images / 255).reshape(2, 3, 4, 8, 4, 8).mean(axis=(3, 5))
    corner, inside = finer[:, :, :2, :2].mean(axis=(2, 3)), finer[:, :, :3, :3].mean(axis=(2, 3))
    scale = (found[:, :3, 0, 0].numpy() / corner).mean()
    np.testing.assert_allclose(found[:, :3, 0, 0], scale * corner, rtol=1e-5)
    np.testing.assert_allclose(found[:, :3, 1, 1], scale * inside, rtol=1e-5)


def test_both_depths_have_a_mean_norm_of_one_on_the_training_images_whatever_their_scale():
    images = noise(3 * BATCH + 1)
    for factor in (1.0, 1000.0):
        found = torch.cat(list(pooled_features(images, factor).of_images(images)))
        for depth in (found[:, :3], found[:, 3:]):
            assert depth.norm(dim=1).mean() == pytest.approx(1, rel=1e-5)


def test_grey_is_the_colour_with_three_equal_channels():
    grey = noise(4, channels=1)
    colour = np.repeat(grey, 3, axis=1)
    found, expected = (next(pooled_features(each).of_images(each)) for each in (grey, colour))
    torch.testing.assert_close(found, expected)


def test_images_are_resized_for_the_network():
    images = noise(2, size=20)
    assert next(pooled_features(images, image_size=64).of_images(images)).shape == (2, 6, 8, 8)


def test_patches_are_real_where_their_centre_is():
    images, features = noise(2), torch.zeros(2, 5, 4, 4)
    boxes = np.array([[0, 0, 32, 32], [4, 13, 28, 28]])  # centres are at 4, 12, 20 and 28
    real = real_patches(boxes, images, features)
    assert real[0].all()
    assert real[1].tolist() == [[False, False, True, False]] * 3 + [[False] * 4]
    assert real_patches(None, images, features).all()


def test_mean_norm_is_that_of_real_patches():
    images = noise(3)
    images[:, :, :, 20:] = 255
    boxes = np.tile([0, 0, 32, 16], (3, 1))
    features = PatchFeatures(pooled_network(), images, image_size=32, device=CPU, boxes=boxes)
    finer = next(features.of_images(images))[:, :3]
    assert finer[..., :2].norm(dim=1).mean() == pytest.approx(1, rel=1e-5)
    assert finer.norm(dim=1).mean() > 1.1
