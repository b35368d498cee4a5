"""The rotation task: what is kept of each rotation, and its loss."""

import numpy as np
import torch
from oracles.small_classifiers import generator, random_images, small_classifier
from torch.nn.functional import cross_entropy

from novelty_maps.classifiers.rotation import rotation_loss
from novelty_maps.networks.inputs import as_input


@torch.no_grad()
def test_rotation_logits_are_those_of_each_rotated_image():
    net = small_classifier("rotation").eval()
    x = as_input(random_images())
    kept = net.outputs(x)["rotation_logits"]
    for turns in range(4):
        turned = torch.from_numpy(np.rot90(x.numpy(), turns, (2, 3)).copy())
        torch.testing.assert_close(kept[:, turns], net(turned)[1])


@torch.no_grad()
def test_rotation_loss_turns_each_image_by_what_it_asks_for():
    x, y = random_images(), torch.tensor([0, 1, 2, 0, 1, 2])
    net = small_classifier("rotation").eval()
    turns = torch.randint(4, (6,), generator=generator(5))
    assert len(set(turns.tolist())) > 2
    turned = np.stack(
        [np.rot90(image, turn, (1, 2)) for image, turn in zip(x.numpy(), turns, strict=True)]
    )
    expected = cross_entropy(net(as_input(x))[0], y)
    expected += 0.4 * cross_entropy(net(as_input(torch.from_numpy(turned)))[1], turns)
    found = rotation_loss(rotation_weight=0.4)(net, generator(5), (x, y))
    torch.testing.assert_close(found, expected)
