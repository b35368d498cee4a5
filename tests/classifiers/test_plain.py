"""Plain classification: its targets, its loss, and the error that stops training."""

import pandas as pd
import pytest
import torch
from oracles.small_classifiers import small_classifier
from oracles.striped_images import striped

from novelty_maps.classifiers.plain import class_targets, classification_loss, error_rate
from novelty_maps.networks.inputs import as_input
from novelty_maps.training.loop import train

CPU = torch.device("cpu")


def trained():
    images, targets = striped()
    held_out = striped(seed=1)
    network = small_classifier("nominal")
    state = train(
        network,
        (images, targets),
        batch_loss=classification_loss(),
        validation_loss=error_rate(*held_out, batch_size=32, device=CPU),
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
    error = error_rate(images, targets, batch_size=7, device=CPU)
    assert error(network) < 0.1


def test_error_rate_counts_wrong_images_whatever_the_batch_size():
    images, targets = striped()
    network = small_classifier("nominal").eval()
    with torch.no_grad():
        wrong = network(as_input(images)).argmax(1) != targets
    for batch_size in (7, 90, 1000):
        error = error_rate(images, targets, batch_size=batch_size, device=CPU)
        assert error(network) == pytest.approx(float(wrong.double().mean()), abs=1e-12)
    assert 0 < float(wrong.double().mean()) < 1


def test_targets_are_places_among_the_sorted_classes():
    classes, targets = class_targets(pd.Series([7, 2, 2, 9, 7]))
    assert classes == [2, 7, 9]
    assert targets.tolist() == [1, 0, 0, 2, 1]
