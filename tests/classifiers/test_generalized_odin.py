"""Generalized ODIN: its divided logits."""

import torch
from oracles.small_classifiers import random_images, small_classifier

from novelty_maps.networks.inputs import as_input


@torch.no_grad()
def test_generalized_odin_divides_cosines_by_a_confidence():
    net = small_classifier("generalized_odin").train()
    net(as_input(random_images(32)))  # batch norm sees some images
    net.eval()
    x = as_input(random_images())
    outputs = net.outputs(x)
    weights, z = net.head.class_weights, outputs["z"]
    cosine = torch.stack([torch.cosine_similarity(z, w[None]) for w in weights], dim=1)
    torch.testing.assert_close(outputs["h"], cosine)
    assert ((outputs["g"] > 0) & (outputs["g"] < 1)).all()
    torch.testing.assert_close(outputs["logits"], outputs["h"] / outputs["g"][:, None])
