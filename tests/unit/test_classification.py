"""Classifiers: their shapes, what they learn, and what is kept of an image."""

import numpy as np
import pandas as pd
import pytest
import torch
from striped_images import striped

from stages.lib import classification, classifiers, objectives, training

CPU = torch.device("cpu")


def small(classes=3, seed=0):
    return objectives.seeded_network(
        seed, "small_resnet", "nominal", {}, image_shape=(1, 8, 8), classes=classes
    )


def trained():
    images, targets = striped()
    held_out = striped(seed=1)
    network = small()
    state = training.train(
        network,
        (images, targets),
        batch_loss=classification.classification_loss(),
        validation_loss=classification.error_rate(*held_out, batch_size=32, device=CPU),
        learning_rate=0.01,
        batch_size=30,
        epochs=8,
        patience=8,
        seed=0,
        device=CPU,
    )
    return network, state


def test_classifier_learns_what_can_be_learned():
    network, state = trained()
    assert state.best_loss == 0
    images, targets = striped(seed=2)
    error = classification.error_rate(images, targets, batch_size=7, device=CPU)
    assert error(network) < 0.1


@pytest.mark.parametrize("backbone", classifiers.BACKBONES)
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32)])
@torch.no_grad()
def test_outputs_have_a_row_per_image_and_the_head_maps_z_to_logits(backbone, channels, size):
    network = classifiers.Classifier(backbone, image_shape=(channels, size, size), classes=6)
    network.eval()
    x = torch.rand(2, channels, size, size)
    outputs = network.outputs(x)
    assert outputs["z"].shape == (2, {"small_resnet": 64, "resnet34": 512}[backbone])
    assert outputs["logits"].shape == (2, 6)
    torch.testing.assert_close(network.head(outputs["z"]), outputs["logits"], rtol=0, atol=0)
    torch.testing.assert_close(network(x), outputs["logits"], rtol=0, atol=0)


def test_resnet34_is_torchvisions_but_for_stem_and_head():
    network = classifiers.Classifier("resnet34", image_shape=(3, 32, 32), classes=1000)
    theirs = 21_797_672  # parameters of torchvision's resnet34, 7×7 stem and 1000 classes
    ours = sum(parameter.numel() for parameter in network.parameters())
    assert ours == theirs - 3 * 64 * (7 * 7 - 3 * 3)


def test_error_rate_counts_wrong_images_whatever_the_batch_size():
    images, targets = striped()
    network = small().eval()
    with torch.no_grad():
        wrong = network(training.as_input(images)).argmax(1) != targets
    for batch_size in (7, 90, 1000):
        error = classification.error_rate(images, targets, batch_size=batch_size, device=CPU)
        assert error(network) == pytest.approx(float(wrong.double().mean()), abs=1e-12)
    assert 0 < float(wrong.double().mean()) < 1


def test_targets_are_places_among_the_sorted_classes():
    classes, targets = classification.class_targets(pd.Series([7, 2, 2, 9, 7]))
    assert classes == [2, 7, 9]
    assert targets.tolist() == [1, 0, 0, 2, 1]


def test_embedding_does_not_depend_on_the_batch_size():
    images, _ = striped()
    network = small().eval()
    whole, parts = (
        classification.embed(network, images.numpy(), batch_size=size, device=CPU)
        for size in (90, 7)
    )
    assert whole.keys() == parts.keys() == {"z", "logits"}
    for name in whole:
        assert whole[name].dtype == np.float32
        np.testing.assert_allclose(whole[name], parts[name], rtol=1e-4, atol=1e-5)
