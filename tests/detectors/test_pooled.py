"""Whole images as a frozen network sees them: resized, in three channels, normalised, pooled."""

import numpy as np
import torch
from oracles.parameters import section
from torch.nn.functional import interpolate

from novelty_maps.detectors.imagenet import ImageNetNetwork, ResidualTrunk
from novelty_maps.detectors.pooled import PooledFeatures, pooled_network
from novelty_maps.networks.outputs import embed
from novelty_maps.params.detectors import DetectorsParams

MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.25, 2.0)
CPU = torch.device("cpu")


class Means(torch.nn.Module):
    """The mean of each channel, and the number of pixels."""

    def pooled(self, x):
        return torch.cat([x.mean(dim=(2, 3)), torch.full((len(x), 1), x[0, 0].numel())], dim=1)


def images(count, channels=1):
    shape = (count, channels, 8, 8)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def embedded(given, **changes):
    network = PooledFeatures(ImageNetNetwork(Means(), MEAN, STD), image_size=16)
    return embed(network, given, **{"batch_size": 100, "device": CPU} | changes)["z"]


def test_images_are_resized_and_normalised():
    given = images(3, channels=3)
    resized = interpolate(torch.from_numpy(given) / 255, (16, 16), mode="bilinear", antialias=True)
    found = embedded(given)
    expected = (resized.mean(dim=(2, 3)).numpy() - MEAN) / STD
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-6)
    assert (found[:, 3] == 16 * 16).all()


def test_grey_images_are_taken_three_times():
    grey = images(2)
    np.testing.assert_allclose(
        embedded(grey), embedded(np.repeat(grey, 3, axis=1)), rtol=0, atol=1e-5
    )


def test_result_does_not_depend_on_how_many_are_computed_at_a_time():
    given = images(19)
    np.testing.assert_allclose(embedded(given), embedded(given, batch_size=3), atol=1e-6)


def test_network_of_the_settings_is_whole_and_evaluated(tmp_path):
    trunk = ResidualTrunk("resnet18", whole=True)
    torch.save(trunk.state_dict(), tmp_path / "w.pth")
    settings = {"network": "resnet18", "weights": str(tmp_path / "w.pth"), "image_size": 32}
    network = pooled_network(section(DetectorsParams, "detectors", **settings))
    assert not network.training
    z = embed(network, images(2), batch_size=2, device=CPU)["z"]
    assert z.shape == (2, 512)
    assert z.dtype == np.float32
