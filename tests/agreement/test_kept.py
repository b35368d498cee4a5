"""Which networks of a training are compared, and whether their terms are right."""

import numpy as np
import pytest
import torch

from novelty_maps.agreement.kept import epochs_to_evaluate, gradient_residual
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.maps.compute import gather_maps
from novelty_maps.maps.names import COMPARED_MAPS

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 1, 8, 8), dtype=np.uint8)


def network():
    """A network whose batch norm statistics are those of the images, so that Jᵀe is not tiny."""
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4)
    with torch.no_grad():
        for _ in range(20):
            network(torch.from_numpy(IMAGES) / 255)
    return network.eval()


def maps_of_images(batch_size=24):
    return gather_maps(network(), IMAGES, methods=COMPARED_MAPS, batch_size=batch_size, device=CPU)


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


def test_terms_that_do_not_add_up_are_seen_among_the_first_images_only():
    maps = maps_of_images()
    maps["indirect_term"][20] *= -1
    assert gradient_residual(network(), IMAGES, maps, first=21) > 0.01
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
