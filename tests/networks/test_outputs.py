"""What a network says of many images, whatever the batches."""

import numpy as np
import torch
from oracles.small_classifiers import small_classifier
from oracles.striped_images import striped
from torch import nn

from novelty_maps.networks.inputs import MEMORY_FORMAT
from novelty_maps.networks.outputs import embed, evaluated

CPU = torch.device("cpu")


def test_embedding_does_not_depend_on_the_batch_size():
    images, _ = striped()
    network = small_classifier("nominal").eval()
    whole, parts = (embed(network, images.numpy(), batch_size=size, device=CPU) for size in (90, 7))
    assert whole.keys() == parts.keys() == {"z", "logits"}
    for name in whole:
        assert whole[name].dtype == np.float32
        np.testing.assert_allclose(whole[name], parts[name], rtol=1e-4, atol=1e-5)


def test_evaluated_network_is_a_copy_in_evaluation_mode_without_gradients():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).train()
    found = evaluated(network, CPU)
    assert not any(module.training for module in found.modules())
    assert not any(parameter.requires_grad for parameter in found.parameters())
    assert found[0].weight.is_contiguous(memory_format=MEMORY_FORMAT)
    assert torch.equal(found[0].weight, network[0].weight)
    with torch.no_grad():
        found[0].weight.add_(1)
    assert not torch.equal(found[0].weight, network[0].weight)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
