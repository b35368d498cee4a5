"""Cascading randomization: which layers change when, and how two maps are compared."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score
from torch import nn

from novelty_maps.autoencoders.registry import AUTOENCODERS, seeded_autoencoder
from novelty_maps.faithfulness.randomization import (
    along_cascade,
    cascade,
    layers_from_output,
    rank_similarity,
    structure_similarity,
)
from novelty_maps.pipeline.errors import InputError

SIDE = 8
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Backwards(nn.Module):
    """Layers that run in another order than they are registered in, and one that never runs."""

    def __init__(self):
        super().__init__()
        self.last = nn.ConvTranspose2d(2, 1, 3, padding=1)
        self.unused = nn.Linear(3, 3)
        self.norm = nn.BatchNorm2d(2)
        self.first = nn.Conv2d(1, 2, 3, padding=1)
        self.code = nn.Linear(SIDE, SIDE)

    def forward(self, x):
        return self.last(self.code(torch.relu(self.norm(self.first(x)))))


ORDER = ["last", "code", "norm", "first"]
STEPS = ["last", "code", "first"]  # batch norm goes with the layer before it


def images_of(count=5):
    return np.random.default_rng(0).integers(0, 256, (count, 1, SIDE, SIDE), dtype=np.uint8)


def trained():
    """Weights and batch norm statistics as no initialisation gives them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Backwards()
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.5, 1)
    return network


def changed(network, other):
    """Names of the layers that differ."""
    before, after = network.state_dict(), other.state_dict()
    return {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}


def changed_layer(network, other, name):
    before, after = (net.get_submodule(name).state_dict() for net in (network, other))
    return any(not torch.equal(before[key], after[key]) for key in before)


def random_maps(shape=(5, 12, 12), seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def output_of(network):
    with torch.no_grad():
        return network(torch.from_numpy(images_of()).float() / 255)[:, 0].numpy()


def test_layers_come_in_the_reverse_of_the_order_in_which_they_run():
    assert layers_from_output(trained().eval(), images_of()) == ORDER


def test_a_layer_that_runs_twice_counts_where_it_runs_last():
    shared, other = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)
    assert layers_from_output(nn.Sequential(shared, other, shared), images_of()) == ["0", "1"]


def test_after_step_k_the_last_k_layers_differ_and_no_other():
    network = trained()
    steps = list(cascade(network, images_of(), seed=0))
    assert [name for name, _ in steps] == STEPS
    for (name, copy), done in zip(
        steps, ({"last"}, {"last", "code"}, {"last", "code", "norm", "first"}), strict=True
    ):
        assert changed(network, copy) == done, name
        assert not copy.training
    for (_, one), (name, two) in pairwise(steps):
        assert changed(one, two) == ({"norm", "first"} if name == "first" else {name})


def test_batch_norm_at_the_input_is_a_step_as_no_layer_is_before_it():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.BatchNorm2d(1), nn.Conv2d(1, 1, 3, padding=1))
    network[0].weight.data.fill_(2)
    (_, one), (_, two) = steps = list(cascade(network, images_of(), seed=1))
    assert [name for name, _ in steps] == ["1", "0"]
    assert changed(network, one) == {"1"}
    assert changed(one, two) == {"0"}


def test_batch_norm_becomes_the_identity():
    *_, (_, network) = cascade(trained(), images_of(), seed=0)
    norm = network.norm
    assert (norm.weight == 1).all()
    assert (norm.running_var == 1).all()
    assert not norm.bias.any()
    assert not norm.running_mean.any()


def test_network_and_random_state_are_left_as_they_were():
    network = trained().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    for _ in cascade(network, images_of(), seed=0):
        assert torch.equal(torch.random.get_rng_state(), state)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(before[name], v) for name, v in network.state_dict().items())


def test_weights_are_a_function_of_the_seed():
    one, same, other = (dict(cascade(trained(), images_of(), seed=seed)) for seed in (1, 1, 2))
    torch.rand(1)
    assert not any(changed(one[name], same[name]) for name in STEPS)
    assert changed(one["first"], other["first"]) == {"last", "code", "first"}  # norm has no choice


@pytest.mark.parametrize("kind", sorted(set(AUTOENCODERS) - {"pca"}))
def test_every_autoencoder_with_layers_can_be_randomised(kind):
    network = seeded_autoencoder(0, network=kind, image_shape=(1, SIDE, SIDE), code_length=4)
    steps = dict(cascade(network, images_of(), seed=1))
    owners = {name.rpartition(".")[0] for name, _ in network.named_parameters()}
    norms = {name for name in owners if isinstance(network.get_submodule(name), NORMS)}
    assert steps.keys() == owners - norms  # every layer with parameters runs
    assert next(iter(steps)).startswith("decoder.")
    *_, (last, everything) = steps.items()
    assert last.startswith("encoder.")
    assert all(changed_layer(network, everything, name) for name in owners - norms)


def test_a_network_without_parameters_is_an_input_error():
    pca = seeded_autoencoder(0, network="pca", image_shape=(1, SIDE, SIDE), code_length=4)
    with pytest.raises(InputError, match="PrincipalComponents has no parameters"):
        next(cascade(pca, images_of(), seed=0))


def test_a_layer_that_cannot_be_reinitialised_is_an_input_error():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

    with pytest.raises(InputError, match="layer '1' is a Scale"):
        next(cascade(nn.Sequential(nn.Conv2d(1, 1, 1), Scale()), images_of(), seed=0))


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


MASKS = np.random.default_rng(5).random((5, SIDE, SIDE)) < 0.3


def along(maps_of, *, network=None, masks=MASKS, **settings):
    network = trained() if network is None else network
    return along_cascade(
        network,
        images_of(),
        masks,
        maps_of,
        trained=maps_of(trained().eval()),
        seed=0,
        **settings,
    )


def test_every_map_has_a_cascade_of_its_own():
    done = []
    image_map = images_of()[:, 0].astype(np.float32)
    result = along(
        lambda network: {"image": image_map, "output": output_of(network)}, on_step=done.append
    )
    assert done == STEPS
    assert result.keys() == {"image", "output"}
    for found in result.values():
        assert found.layers == ["", *STEPS]
        for values in found[1:]:
            assert values.shape == (4, 5)
            assert values.dtype == np.float64
    # A map that ignores the network stays what it was.
    image, output = result["image"], result["output"]
    for measure in ("spearman", "ssim"):
        np.testing.assert_allclose(getattr(image, measure), 1, rtol=1e-12)
        np.testing.assert_allclose(getattr(output, measure)[0], 1, rtol=1e-12)
        assert (getattr(output, measure)[1:] < 0.999).all()
    assert (image.average_precision == image.average_precision[0]).all()


def test_each_step_compares_its_network_with_the_trained_one_and_with_the_masks():
    result = along(lambda network: {"output": output_of(network)})["output"]
    networks = [trained().eval(), *(copy for _, copy in cascade(trained(), images_of(), seed=0))]
    original = output_of(networks[0])
    for step, network in enumerate(networks):
        maps = output_of(network)
        np.testing.assert_array_equal(result.spearman[step], rank_similarity(original, maps))
        np.testing.assert_array_equal(result.ssim[step], structure_similarity(original, maps))
        precision = [
            average_precision_score(mask.ravel(), np.abs(map_).ravel())
            for map_, mask in zip(maps, MASKS, strict=True)
        ]
        np.testing.assert_allclose(result.average_precision[step], precision, rtol=1e-12)


def test_signed_maps_count_by_their_magnitude():
    maps = random_maps((5, SIDE, SIDE))
    result = along(lambda network: {"signed": maps, "magnitude": np.abs(maps)})
    for one, other in zip(result["signed"][1:], result["magnitude"][1:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_maps_without_similarity_and_masks_without_precision_are_nan():
    maps = random_maps((5, SIDE, SIDE))
    maps[0] = 0
    masks = MASKS.copy()
    masks[1], masks[2] = False, True
    (found,) = along(lambda network: {"some": maps}, masks=masks).values()
    np.testing.assert_array_equal(np.isnan(found.spearman), [[True] + [False] * 4] * 4)
    np.testing.assert_array_equal(np.isnan(found.ssim), [[True] + [False] * 4] * 4)
    undefined = np.isnan(found.average_precision)
    np.testing.assert_array_equal(undefined, [[False, True, True, False, False]] * 4)


def test_trained_network_is_left_as_it_was():
    network = trained().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    along(lambda network: {"output": output_of(network)}, network=network)
    assert network.training
    assert all(torch.equal(before[name], v) for name, v in network.state_dict().items())
