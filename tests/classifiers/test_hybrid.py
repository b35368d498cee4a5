"""The hybrid network: its loss and what it keeps of an image."""

import torch
from oracles.small_classifiers import generator, random_images, small_classifier
from torch.nn.functional import cross_entropy

from novelty_maps.classifiers.hybrid import hybrid_loss
from novelty_maps.networks.inputs import as_input


def test_hybrid_loss_adds_the_weighted_squared_error_of_the_reconstruction():
    x, y = random_images(), torch.tensor([0, 1, 2, 0, 1, 2])
    net = small_classifier("hybrid").eval()
    with torch.no_grad():
        logits, reconstruction = net(as_input(x))
        error = (reconstruction - as_input(x)).square().sum(dim=(1, 2, 3)).mean()
        found = hybrid_loss(reconstruction_weight=0.3)(net, generator(), (x, y))
        torch.testing.assert_close(found, cross_entropy(logits, y) + 0.3 * error)
        kept = net.outputs(as_input(x))["reconstruction_error"]
    torch.testing.assert_close(kept.mean(), error / 64)
