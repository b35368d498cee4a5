"""Classifiers: their shapes and their parameters."""

import pytest
import torch

from novelty_maps.classifiers.base import BACKBONES, Classifier


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32)])
@torch.no_grad()
def test_outputs_have_a_row_per_image_and_the_head_maps_z_to_logits(backbone, channels, size):
    network = Classifier(backbone, image_shape=(channels, size, size), classes=6)
    network.eval()
    x = torch.rand(2, channels, size, size)
    outputs = network.outputs(x)
    assert outputs["z"].shape == (2, 512 if backbone == "resnet34" else 64)
    assert outputs["logits"].shape == (2, 6)
    torch.testing.assert_close(network.head(outputs["z"]), outputs["logits"], rtol=0, atol=0)
    torch.testing.assert_close(network(x), outputs["logits"], rtol=0, atol=0)


def test_resnet20_has_the_papers_size():
    network = Classifier("resnet20", image_shape=(3, 32, 32), classes=10)
    weights = sum(p.numel() for p in network.parameters() if p.ndim > 1)
    # He et al. 2016, section 4.2: a convolution, 3 · 2 of each width, a layer for the classes.
    # Their shortcuts have no weights, ours are two 1×1 convolutions.
    expected = 3 * 9 * 16 + 9 * (6 * 16**2 + 16 * 32 + 5 * 32**2 + 32 * 64 + 5 * 64**2) + 10 * 64
    assert weights == expected + 16 * 32 + 32 * 64


def test_resnet34_is_torchvisions_but_for_stem_and_head():
    network = Classifier("resnet34", image_shape=(3, 32, 32), classes=1000)
    theirs = 21_797_672  # parameters of torchvision's resnet34, 7×7 stem and 1000 classes
    ours = sum(parameter.numel() for parameter in network.parameters())
    assert ours == theirs - 3 * 64 * (7 * 7 - 3 * 3)
