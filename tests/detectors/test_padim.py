"""PaDiM against NumPy's covariance at every place."""

import numpy as np
import torch
from oracles.frozen_network import noise, pooled_features

from novelty_maps.detectors import padim
from novelty_maps.detectors.padim import PaDiM


def gathered(features, images):
    """(h·w, N, D) float64."""
    return torch.cat(list(features.of_images(images))).flatten(2).permute(2, 0, 1).double().numpy()


def slow_distances(normal, new):
    found = np.empty((new.shape[1], new.shape[0]))
    for place in range(len(normal)):
        covariance = np.cov(normal[place], rowvar=False) + 0.01 * np.eye(normal.shape[2])
        for i, patch in enumerate(new[place] - normal[place].mean(axis=0)):
            found[i, place] = np.sqrt(patch @ np.linalg.inv(covariance) @ patch)
    return found.reshape(-1, 4, 4)


def test_distances_are_mahalanobis_of_the_place():
    normal, new = noise(19), noise(3, seed=1)
    features = pooled_features(normal)
    found = PaDiM(features, normal)(torch.from_numpy(new) / 255)
    expected = slow_distances(gathered(features, normal), gathered(features, new))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_channels_are_drawn_without_repetition_and_alike_every_time(monkeypatch):
    monkeypatch.setattr(padim, "_CHANNELS", 4)
    normal = noise(19)
    features = pooled_features(normal)
    first, second = PaDiM(features, normal), PaDiM(features, normal)
    assert len(set(first._channels.tolist())) == 4
    images = torch.from_numpy(noise(3, seed=1)) / 255
    assert torch.equal(first(images), second(images))
    channels = first._channels
    expected = slow_distances(
        gathered(features, normal)[:, :, channels],
        gathered(features, noise(3, seed=1))[:, :, channels],
    )
    np.testing.assert_allclose(first(images), expected, rtol=1e-3)


def test_one_training_image_leaves_the_ridge():
    image = noise(1)
    features = pooled_features(image)
    new = noise(2, seed=1)
    found = PaDiM(features, image)(torch.from_numpy(new) / 255)
    difference = gathered(features, new) - gathered(features, image)
    expected = np.linalg.norm(difference, axis=2).T.reshape(-1, 4, 4) / 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_places_are_compared_with_those_of_images_in_which_they_are_no_padding():
    normal, new = noise(19), noise(3, seed=1)
    boxes = np.array([[0, 0, 32, 32 if row < 7 else 16] for row in range(19)])
    boxes[:, 2] = np.where(np.arange(19) == 0, 32, 24)  # the last row of places: of one image alone
    features = pooled_features(normal)
    found = PaDiM(features, normal, boxes)(torch.from_numpy(new) / 255)
    left, right = (gathered(features, each) for each in (normal, normal[:7]))
    asked = gathered(features, new)
    for place in range(16):
        row, column = divmod(place, 4)
        some = right if row < 3 and column >= 2 else left
        expected = slow_distances(
            np.broadcast_to(some[place], (16, *some[place].shape)), asked
        ).reshape(3, 16)[:, place]
        np.testing.assert_allclose(found.reshape(3, 16)[:, place], expected, rtol=1e-3)
