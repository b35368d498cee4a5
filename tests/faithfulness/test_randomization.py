"""Maps of re-initialised networks: how two maps are compared, step by step and draw by draw."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score
from torch import nn

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.faithfulness.randomization import (
    along_cascade,
    over_draws,
    rank_similarity,
    structure_similarity,
)
from novelty_maps.faithfulness.reinitialisation import cascade, reinitialised
from novelty_maps.maps.compute import gather_maps
from novelty_maps.networks.inputs import as_input

CPU = torch.device("cpu")
SIDE = 8
LAYERS = ["", "last", "code", "first"]
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 1, SIDE, SIDE), dtype=np.uint8)
MASKS = np.random.default_rng(5).random((5, SIDE, SIDE)) < 0.3


def random_maps(shape=(5, SIDE, SIDE), seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


# A network is the number of its maps here: what they are made of does not matter.
NETWORKS = range(1, len(LAYERS))


def maps_of(network):
    """A map of the image alone, and one of the network alone."""
    return {"image": random_maps(), "network": random_maps(seed=network + 10)}


def along(maps_of=maps_of, *, masks=MASKS):
    steps = zip(LAYERS[1:], NETWORKS, strict=True)
    return along_cascade(steps, masks, maps_of, trained=maps_of(0))


def drawn(maps_of=maps_of, *, masks=MASKS):
    return over_draws(NETWORKS, masks, maps_of, trained=maps_of(0))


def precision_of(maps, masks=MASKS):
    return [
        average_precision_score(mask.ravel(), np.abs(map_).ravel())
        for map_, mask in zip(maps, masks, strict=True)
    ]


# --- how two maps are compared


def test_rank_similarity_is_spearmans_correlation_of_the_magnitudes():
    a, b = random_maps(seed=1), random_maps(seed=2)
    b[0] = a[0] ** 3
    b[1] = np.round(b[1])  # ties
    expected = [spearmanr(np.abs(x).ravel(), np.abs(y).ravel())[0] for x, y in zip(a, b)]  # noqa: B905
    np.testing.assert_allclose(rank_similarity(a, b), expected, rtol=1e-12)
    assert rank_similarity(a, b)[0] == 1
    assert (rank_similarity(a, -a) == 1).all()


def test_structure_similarity_of_equal_maps_is_one_whatever_their_scale():
    a = random_maps()
    np.testing.assert_allclose(structure_similarity(a, a), 1, rtol=1e-12)
    np.testing.assert_allclose(structure_similarity(a, -4 * a), 1, rtol=1e-12)
    assert (structure_similarity(a, random_maps(seed=1)) < 0.9).all()


def test_structure_similarity_is_that_of_wang_et_al():
    """The only window that lies in an 11×11 image, by its formula."""
    a, b = (np.abs(random_maps((1, 11, 11), seed)) for seed in (1, 2))
    x, y = a[0] / a.max(), b[0] / b.max()
    profile = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights = np.outer(profile, profile) / profile.sum() ** 2
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    var_x = (weights * x**2).sum() - mean_x**2
    var_y = (weights * y**2).sum() - mean_y**2
    covariance = (weights * x * y).sum() - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    expected = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    expected /= (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    np.testing.assert_allclose(structure_similarity(a, b), expected, rtol=1e-6)


@pytest.mark.parametrize("side", [1, 2, 7, 8, 10, 28])
def test_structure_similarity_takes_small_images(side):
    maps = random_maps((2, side, side))
    np.testing.assert_allclose(structure_similarity(maps, maps), 1, rtol=1e-12)


def test_maps_without_ranks_or_scale_have_no_similarity():
    a, b = random_maps(), random_maps(seed=1)
    a[0], a[1] = 0, 3
    assert np.isnan(rank_similarity(a, b)).tolist() == [True, True, False, False, False]
    assert np.isnan(rank_similarity(b, a)).tolist() == [True, True, False, False, False]
    assert np.isnan(structure_similarity(a, b)).tolist() == [True, False, False, False, False]
    assert np.isnan(structure_similarity(b, a)).tolist() == [True, False, False, False, False]


# --- along the cascade


def test_every_map_has_a_cascade_of_its_own():
    result = along()
    assert result.keys() == {"image", "network"}
    for found in result.values():
        assert found.layers == LAYERS
        for values in found[1:]:
            assert values.shape == (4, 5)
            assert values.dtype == np.float64
    # A map that ignores the network stays what it was.
    image, network = result["image"], result["network"]
    for measure in ("spearman", "ssim"):
        np.testing.assert_allclose(getattr(image, measure), 1, rtol=1e-12)
        np.testing.assert_allclose(getattr(network, measure)[0], 1, rtol=1e-12)
        assert (getattr(network, measure)[1:] < 0.999).all()
    assert (image.average_precision == image.average_precision[0]).all()


def test_each_step_compares_its_network_with_the_trained_one_and_with_the_masks():
    result, original = along()["network"], maps_of(0)["network"]
    for step in range(4):
        maps = maps_of(step)["network"]
        np.testing.assert_array_equal(result.spearman[step], rank_similarity(original, maps))
        np.testing.assert_array_equal(result.ssim[step], structure_similarity(original, maps))
        np.testing.assert_allclose(result.average_precision[step], precision_of(maps), rtol=1e-12)


def test_signed_maps_count_by_their_magnitude():
    def both(network):
        return {"signed": random_maps(seed=network), "size": np.abs(random_maps(seed=network))}

    for result in (along(both), drawn(both)):
        for one, other in zip(result["signed"], result["size"], strict=True):
            np.testing.assert_array_equal(one, other)


def test_maps_without_similarity_and_masks_without_precision_are_nan():
    maps = random_maps()
    maps[0] = 0
    masks = MASKS.copy()
    masks[1], masks[2] = False, True
    (found,) = along(lambda network: {"some": maps}, masks=masks).values()
    np.testing.assert_array_equal(np.isnan(found.spearman), [[True] + [False] * 4] * 4)
    np.testing.assert_array_equal(np.isnan(found.ssim), [[True] + [False] * 4] * 4)
    undefined = [False, True, True, False, False]
    np.testing.assert_array_equal(np.isnan(found.average_precision), [undefined] * 4)
    (draws,) = drawn(lambda network: {"some": maps}, masks=masks).values()
    np.testing.assert_array_equal(np.isnan(draws.spearman), [[True] + [False] * 4] * 3)
    np.testing.assert_array_equal(np.isnan(draws.trained), undefined)
    np.testing.assert_array_equal(np.isnan(draws.average_precision), [undefined] * 3)


def test_padded_maps_compare_as_what_their_boxes_hold():
    boxes = np.array([[0, 1, 8, 7], [2, 0, 8, 8], [0, 0, 8, 8], [1, 1, 6, 8], [0, 3, 7, 8]])
    steps = list(zip(LAYERS[1:], NETWORKS, strict=True))
    cascades = along_cascade(steps, MASKS, maps_of, trained=maps_of(0), boxes=boxes)
    draws = over_draws(NETWORKS, MASKS, maps_of, trained=maps_of(0), boxes=boxes)
    for row, (top, left, bottom, right) in enumerate(boxes):
        cut = slice(row, row + 1), slice(top, bottom), slice(left, right)

        def own_maps(network, cut=cut):
            return {name: maps[cut] for name, maps in maps_of(network).items()}

        alone = along(own_maps, masks=MASKS[cut])["network"]
        for found, expected in zip(cascades["network"][1:], alone[1:], strict=True):
            np.testing.assert_array_equal(found[:, row], expected[:, 0])
        alone = drawn(own_maps, masks=MASKS[cut])["network"]
        for found, expected in zip(draws["network"], alone, strict=True):
            np.testing.assert_array_equal(found[..., row], expected[..., 0])
    with_padding = along()["network"]
    assert (cascades["network"].average_precision != with_padding.average_precision).any()


# --- draw by draw


def test_each_draw_compares_its_network_with_the_trained_one_and_with_the_masks():
    result, original = drawn()["network"], maps_of(0)["network"]
    np.testing.assert_allclose(result.trained, precision_of(original), rtol=1e-12)
    assert result.average_precision.shape == result.spearman.shape == (3, 5)
    for draw, network in enumerate(NETWORKS):
        maps = maps_of(network)["network"]
        expected = [spearmanr(abs(a).ravel(), abs(b).ravel())[0] for a, b in zip(original, maps)]  # noqa: B905
        np.testing.assert_allclose(result.spearman[draw], expected, rtol=1e-12)
        np.testing.assert_allclose(result.average_precision[draw], precision_of(maps), rtol=1e-12)


def test_networks_are_asked_one_at_a_time():
    made = []

    def asked(network):
        made.append(("maps", network))
        return maps_of(network)

    def networks():
        for network in NETWORKS:
            made.append(("network", network))
            yield network

    over_draws(networks(), MASKS, asked, trained=maps_of(0))
    assert made == [(what, number) for number in NETWORKS for what in ("network", "maps")]


NETWORK = seeded_autoencoder(0, image_shape=(1, SIDE, SIDE), code_length=4)
TRAINING = torch.randint(
    0, 256, (64, 1, SIDE, SIDE), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
)
CONTROLS = ("sobel", "uniform", "input_magnitude")


def real_maps(network):
    methods = ["reconstruction_error", "saliency", *CONTROLS]
    return gather_maps(network, IMAGES, methods=methods, batch_size=2, device=CPU)


def test_maps_that_ignore_the_network_lose_nothing_with_fresh_layers():
    networks = [reinitialised(NETWORK, TRAINING, seed=seed, device=CPU) for seed in range(3)]
    draws = over_draws(networks, MASKS, real_maps, trained=real_maps(NETWORK))
    for control in CONTROLS:
        assert (draws[control].average_precision == draws[control].trained).all()
        np.testing.assert_allclose(draws[control].spearman, 1, rtol=1e-12)
    for method in ("reconstruction_error", "saliency"):
        assert (draws[method].average_precision != draws[method].trained).all()
        assert (draws[method].spearman < 0.95).all()


def test_first_draw_is_the_last_step_of_the_cascade():
    fresh = {"seed": 0, "device": CPU}
    trained = real_maps(NETWORK)
    steps = along_cascade(cascade(NETWORK, TRAINING, **fresh), MASKS, real_maps, trained=trained)
    networks = [reinitialised(NETWORK, TRAINING, **fresh)]
    for method, draws in over_draws(networks, MASKS, real_maps, trained=trained).items():
        np.testing.assert_array_equal(draws.trained, steps[method].average_precision[0])
        np.testing.assert_array_equal(
            draws.average_precision[0], steps[method].average_precision[-1]
        )
        np.testing.assert_array_equal(draws.spearman[0], steps[method].spearman[-1])


def test_both_maps_of_a_fresh_network_are_not_those_of_the_image_alone():
    """As they are with batch norm the identity: h(x) is constant then, and r and s go with x."""
    network = reinitialised(NETWORK, TRAINING, seed=0, device=CPU)
    x = as_input(torch.from_numpy(IMAGES)).numpy()[:, 0]
    maps = real_maps(network)
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.reset_running_stats()
    constant = real_maps(network)
    for method in ("reconstruction_error", "saliency"):
        assert (rank_similarity(maps[method], x) < 0.8).all()
        assert (rank_similarity(constant[method], x) > 0.95).all()
