"""Which networks of a training are compared, and whether their terms are right."""

import numpy as np
import pytest
from oracles.small_autoencoder import CPU, IMAGES, maps_of_images, network

from novelty_maps.agreement import kept
from novelty_maps.agreement.kept import epochs_to_evaluate, gradient_residual
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.names import COMPARED_MAPS
from novelty_maps.networks import inputs


@pytest.mark.parametrize(
    ("keep", "last", "best", "expected"),
    [
        ([1, 5, 10], 7, 6, [1, 5, 6]),  # 10 was not reached
        ([5, 1], 10, 5, [1, 5]),  # each once, in order
        ([], 3, 2, [2]),
        ([3, 7, 8], 7, 2, [2, 3, 7]),  # the last one counts
        ([1, 2], 0, 0, [0]),  # weights from elsewhere
    ],
)
def test_epochs_are_the_kept_ones_that_were_reached_and_the_best(keep, last, best, expected):
    assert epochs_to_evaluate(keep, last=last, best=best) == expected


def test_terms_add_up_to_the_gradient_of_autograd():
    assert 0 < gradient_residual(network(), IMAGES, maps_of_images(), first=24) < 1e-5


def test_terms_of_an_ssim_network_add_up_to_the_gradient_of_its_own_loss():
    own = network()
    own.loss = "ssim"
    maps = gather_maps(own, IMAGES, methods=COMPARED_MAPS, batch_size=24, device=CPU)
    assert 0 < gradient_residual(own, IMAGES, maps, first=24) < 1e-5
    assert gradient_residual(network(), IMAGES, maps, first=24) > 0.1


def test_terms_that_do_not_add_up_are_seen_among_the_first_images_only():
    maps = maps_of_images()
    maps["indirect_term"][20] *= -1
    assert gradient_residual(network(), IMAGES, maps, first=21) > 0.01
    assert gradient_residual(network(), IMAGES, maps, first=20) < 1e-5


def test_large_images_are_looked_at_a_few_at_a_time(monkeypatch):
    maps = maps_of_images()
    maps["indirect_term"][20] *= -1
    whole = gradient_residual(network(), IMAGES, maps, first=100)
    seen = []
    monkeypatch.setattr(inputs, "_VALUES", 2 * 7 * IMAGES[0].size)
    monkeypatch.setattr(kept, "as_input", lambda x: seen.append(len(x)) or inputs.as_input(x))
    assert gradient_residual(network(), IMAGES, maps, first=100) == pytest.approx(whole, rel=1e-4)
    assert seen == [7] * (len(IMAGES) // 7) + [len(IMAGES) % 7]
    assert gradient_residual(network(), IMAGES, maps, first=20) < 1e-5


def test_residual_is_the_largest_relative_error_of_an_image():
    maps = maps_of_images()
    saliency = np.abs(maps["direct_term"] + maps["indirect_term"])
    noise = np.random.default_rng(0).normal(size=saliency.shape).astype(np.float32)
    maps["direct_term"] += noise * saliency.mean()
    changed = np.abs(maps["direct_term"] + maps["indirect_term"])
    ratios = [
        np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(changed, saliency, strict=True)
    ]
    found = gradient_residual(network(), IMAGES, maps, first=24)
    assert found == pytest.approx(max(ratios), rel=1e-4)
