"""Detectors by name, and the maps that distances of patches become."""

import numpy as np
import pytest
import torch
from oracles.frozen_network import CPU, noise, pooled_features, pooled_network
from oracles.parameters import section

from novelty_maps.detectors import fit
from novelty_maps.detectors.fit import detector_map, fit_detectors
from novelty_maps.detectors.padim import PaDiM
from novelty_maps.params.detectors import DetectorsParams


def test_detectors_among_the_methods_are_fitted_and_no_others(monkeypatch):
    monkeypatch.setattr(fit, "imagenet_network", lambda params: pooled_network())
    params = section(DetectorsParams, "detectors", image_size=32)
    normal, new = noise(19), torch.from_numpy(noise(11, seed=1)) / 255
    found = fit_detectors(["saliency", "padim"], normal, params, device=CPU)
    assert list(found) == ["padim"]
    maps = found["padim"](new)
    assert maps.shape == (11, 32, 32)
    assert maps.dtype == torch.float32
    distances = PaDiM(pooled_features(normal), normal)
    torch.testing.assert_close(maps, detector_map(distances, new))


def test_map_of_equal_distances_is_flat_and_the_peak_is_where_the_patch_is():
    images = torch.zeros(2, 1, 64, 64)
    flat = detector_map(lambda x: torch.full((len(x), 8, 8), 2.5), images)
    torch.testing.assert_close(flat, torch.full((2, 64, 64), 2.5))
    peak = torch.zeros(1, 8, 8)
    peak[0, 2, 5] = 1
    (found,) = detector_map(lambda x: peak, images[:1]).numpy()
    centre = np.array(np.unravel_index(found.argmax(), found.shape))
    assert np.abs(centre - [2 * 8 + 3.5, 5 * 8 + 3.5]).max() <= 0.5


def test_blur_is_four_pixels_in_224():
    peak = torch.zeros(1, 224, 224)
    peak[0, 112, 112] = 1
    (found,) = detector_map(lambda x: peak, torch.zeros(1, 1, 224, 224)).double().numpy()
    rows = np.arange(224) - 112
    assert (found.sum(1) * rows**2).sum() / found.sum() == pytest.approx(16, rel=0.02)


def test_batches_are_asked_a_few_at_a_time():
    asked = []

    def distances(x):
        asked.append(len(x))
        return torch.zeros(len(x), 4, 4)

    detector_map(distances, torch.zeros(19, 1, 8, 8))
    assert sum(asked) == 19
    assert max(asked) <= fit.BATCH


def test_distances_in_padding_do_not_reach_the_image():
    boxes = np.array([[0, 16, 64, 40], [8, 0, 64, 64], [0, 0, 64, 2]])
    real = np.zeros((3, 8, 8), bool)
    real[0, :, 2:5] = real[1, 1:] = True
    random = np.random.default_rng(0)
    inside = random.random((3, 8, 8))
    maps = [
        detector_map(
            lambda x, outside=outside: torch.from_numpy(np.where(real, inside, outside)),
            torch.zeros(3, 1, 64, 64),
            boxes,
        )
        for outside in (0.0, 100 * random.random((3, 8, 8)))
    ]
    assert torch.equal(maps[0][:2], maps[1][:2])
    assert torch.isfinite(maps[1][2]).all()
    constant = detector_map(
        lambda x: torch.from_numpy(np.where(real, 2.5, 0)), torch.zeros(3, 1, 64, 64), boxes
    )
    torch.testing.assert_close(constant[:2], torch.full((2, 64, 64), 2.5, dtype=torch.float64))
