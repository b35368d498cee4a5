"""Batch norm's statistics: stale ones are brought up to the weights, and then stay."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.autoencoders.losses import mean_reconstruction_loss, reconstruction_loss
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.classifiers import objectives
from novelty_maps.networks.inputs import MEMORY_FORMAT, as_input
from novelty_maps.training.batch_norm import (
    BATCH,
    IMAGES,
    calibration,
    calibration_images,
    recalibrate,
)
from novelty_maps.training.loop import train

CPU = torch.device("cpu")


def images(count=40, *, side=8, channels=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, channels, side, side), generator=generator).byte()


def copied(network):
    return deepcopy(network.state_dict())


def same(a, b):
    return all(torch.equal(a[k], b[k]) for k in a if isinstance(a[k], torch.Tensor))


class OneNorm(nn.Module):
    """Images to their batch norm, of a weight that scales them first."""

    def __init__(self, channels=1):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.norm(self.scale * x)


def test_statistics_are_those_of_the_images_under_the_weights_as_they_are():
    network, x = OneNorm(channels=2), images(channels=2)
    recalibrate(network, x, device=CPU)
    values = 3 * x.numpy().astype(np.float64) / 255
    np.testing.assert_allclose(network.norm.running_mean, values.mean(axis=(0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(
        network.norm.running_var, values.var(axis=(0, 2, 3), ddof=1), rtol=1e-5
    )


def test_statistics_of_several_batches_are_the_mean_of_equal_batches():
    network, x = OneNorm(), images(BATCH + 2, side=4)
    recalibrate(network, x, device=CPU)
    halves = [3 * half.numpy().astype(np.float64) / 255 for half in x.split(BATCH // 2 + 1)]
    np.testing.assert_allclose(network.norm.running_mean, np.mean(halves), rtol=1e-5)
    variance = np.mean([half.var(ddof=1) for half in halves])
    np.testing.assert_allclose(network.norm.running_var, variance, rtol=1e-5)


def test_stale_statistics_are_brought_up_to_the_weights():
    network, x = OneNorm(), images()
    recalibrate(network, x, device=CPU)
    fresh = copied(network)
    with torch.no_grad():
        network.scale.mul_(2)
    stale = network.eval()(as_input(x)).detach()
    assert float(stale.std()) == pytest.approx(2, rel=0.01)
    recalibrate(network, x, device=CPU)
    assert float(network(as_input(x)).detach().std()) == pytest.approx(1, rel=0.01)
    np.testing.assert_allclose(network.norm.running_mean, 2 * fresh["norm.running_mean"], rtol=1e-5)


def test_second_call_changes_nothing():
    network, x = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4), images()
    recalibrate(network, x, device=CPU)
    once = copied(network)
    recalibrate(network, x, device=CPU)
    assert same(once, network.state_dict())


def test_weights_momenta_and_mode_stay():
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4).eval()
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    momenta = [m.momentum for m in network.modules() if hasattr(m, "momentum")]
    recalibrate(network, images(), device=CPU)
    assert same(before, dict(network.named_parameters()))
    assert not any(module.training for module in network.modules())
    assert [m.momentum for m in network.modules() if hasattr(m, "momentum")] == momenta
    assert all(value.grad is None for value in network.parameters())


def test_network_without_batch_norm_is_not_even_run():
    def fail(*_):
        raise AssertionError

    network = nn.Linear(1, 1)
    network.register_forward_hook(fail)
    recalibrate(network, images(), device=CPU)


def test_running_keeps_the_moving_average():
    network = OneNorm()
    before = copied(network)
    calibration("running", images(), device=CPU)(network)
    assert same(before, network.state_dict())
    calibration("precise", images(), device=CPU)(network)
    assert not same(before, network.state_dict())


def test_calibration_images_are_a_seeded_mixture_of_at_most_so_many():
    x = torch.arange(IMAGES + 100).view(-1, 1, 1, 1)
    drawn = calibration_images(x, seed=0).flatten()
    assert len(drawn) == len(set(drawn.tolist())) == IMAGES
    assert torch.equal(drawn, calibration_images(x, seed=0).flatten())
    assert not torch.equal(drawn, calibration_images(x, seed=1).flatten())
    # Rows come class by class: each batch must have its share of the first half.
    share = (drawn[:BATCH] < len(x) / 2).double().mean()
    assert float(share) == pytest.approx(0.5, abs=4 * 0.5 / BATCH**0.5)
    assert len(calibration_images(x[:7], seed=0)) == 7


@pytest.mark.parametrize(("side", "expected"), [(73, 8192), (128, 2730), (224, 1024)])
def test_fewer_photos_are_enough_but_no_fewer_than_a_thousand(side, expected):
    x = torch.zeros(1, 1, 1, 1, dtype=torch.uint8).expand(9000, 3, side, side)
    assert len(calibration_images(x, seed=0)) == expected


def trained(batch_norm, x, **changes):
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4)
    settings = {
        "batch_loss": reconstruction_loss(0.0),
        "validation_loss": mean_reconstruction_loss(x[:16], batch_size=16, device=CPU),
        "after_steps": calibration(batch_norm, x, device=CPU),
        "learning_rate": 0.03,
        "batch_size": 16,
        "epochs": 3,
        "patience": 100,
        "seed": 0,
        "device": CPU,
        "keep_epochs": (1, 2, 3),
    }
    return train(network, (x,), **{**settings, **changes})


def test_calibration_comes_before_validation_and_before_weights_are_kept():
    x = images()
    precise, running = trained("precise", x), trained("running", x)
    for epoch in (1, 2, 3):
        kept, plain = precise.kept[epoch], running.kept[epoch]
        weights = [name for name in kept if name.endswith(("weight", "bias"))]
        assert weights
        assert all(torch.equal(kept[name], plain[name]) for name in weights)
        network = seeded_autoencoder(9, image_shape=(1, 8, 8), code_length=4)
        network.load_state_dict(plain)
        network.to(memory_format=MEMORY_FORMAT)  # as `train` has it
        recalibrate(network, x, device=CPU)
        assert same(network.state_dict(), kept)
        loss = mean_reconstruction_loss(x[:16], batch_size=16, device=CPU)(network.eval())
        assert precise.history[epoch - 1]["validation_loss"] == loss
        assert running.history[epoch - 1]["validation_loss"] != loss


def test_calibrated_training_resumes_to_the_same_bytes():
    x, states = images(), {}
    whole = trained("precise", x, on_epoch=lambda state: states.update({state.epoch: state}))
    resumed = trained("precise", x, state=states[1])
    assert same(whole.network, resumed.network)
    assert same(whole.best_network, resumed.best_network)
    assert whole.history == resumed.history


@pytest.mark.parametrize("objective", ["nominal", "hybrid", "generalized_odin", "rotation", "svgd"])
def test_all_statistics_of_a_classifier_are_brought_up(objective):
    own = {
        "hybrid": {"reconstruction_weight": 0.001},
        "rotation": {"rotation_weight": 0.5},
        "generalized_odin": {"decay_h": False},
        "svgd": {"members": 2, "repulsion": 0.1},
    }.get(objective, {})
    network = objectives.seeded_network(
        0, "small_resnet", objective, own, image_shape=(1, 8, 8), classes=3
    )
    before = copied(network)
    x = objectives.OBJECTIVES[objective].evaluated(images())
    calibration("precise", x, device=CPU)(network)
    after = network.state_dict()
    names = [name for name in after if name.endswith(("running_mean", "running_var"))]
    assert names
    assert all(not torch.equal(before[name], after[name]) for name in names)


def test_rotation_is_calibrated_on_images_beside_themselves_in_all_four_rotations():
    x = images(9)
    mixture = objectives.OBJECTIVES["rotation"].evaluated(x)
    assert torch.equal(mixture[::2], x)
    turned = mixture[1::2]
    assert torch.equal(turned[[0, 4, 8]], x[[0, 4, 8]])
    for i in range(9):
        assert torch.equal(turned[i], torch.rot90(x[i], i % 4, (1, 2)))
    assert torch.equal(objectives.OBJECTIVES["nominal"].evaluated(x), x)
