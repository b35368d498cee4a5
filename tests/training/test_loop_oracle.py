"""The training loop against Adam written out in float64, on a linear network."""

import numpy as np
import pytest
import torch
from torch import nn

from novelty_maps.training.loop import epoch_generator, train

GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.normal(size=(11, 3)).astype(np.float32)
TARGETS = GENERATOR.normal(size=(11, 2)).astype(np.float32)


def gradient(weights, rows):
    """Of the mean squared error of rows under a matrix (2, 3)."""
    x, y = INPUTS[rows].astype(np.float64), TARGETS[rows].astype(np.float64)
    return 2 * (x @ weights.T - y).T @ x / y.size


def loss(weights, rows):
    return np.square(INPUTS[rows] @ weights.T - TARGETS[rows]).mean()


def batches_of(batch_size, epoch_steps, generator):
    """Rows of each batch of an epoch: fresh orders, until there are enough steps."""
    batches = []
    while not batches or len(batches) < (epoch_steps or 1):
        order = torch.randperm(11, generator=generator).numpy()
        starts = range(0, 11 - 11 % batch_size, batch_size)
        batches += [order[start : start + batch_size] for start in starts]
    return batches


def adam(weights, *, learning_rate, batch_size, epochs, seed, epoch_steps):
    """Kingma & Ba 2015, algorithm 1; returns the weights after each epoch and its mean loss."""
    first, second, step, after = np.zeros_like(weights), np.zeros_like(weights), 0, []
    for epoch in range(1, epochs + 1):
        losses = []
        for rows in batches_of(batch_size, epoch_steps, epoch_generator(seed, epoch)):
            step += 1
            losses.append(loss(weights, rows))
            g = gradient(weights, rows)
            first = 0.9 * first + 0.1 * g
            second = 0.999 * second + 0.001 * g**2
            corrected = np.sqrt(second / (1 - 0.999**step)) + 1e-8
            weights = weights - learning_rate * first / (1 - 0.9**step) / corrected
        after.append((weights, np.mean(losses)))
    return after


@pytest.mark.parametrize("epoch_steps", [None, 2, 7])
@pytest.mark.parametrize("batch_size", [3, 11])
@pytest.mark.parametrize("learning_rate", [0.003, 0.1])
def test_steps_are_those_of_adam_over_batches_in_the_order_of_the_epoch(
    batch_size, learning_rate, epoch_steps
):
    torch.manual_seed(0)
    network = nn.Linear(3, 2, bias=False)
    begin = network.weight.detach().numpy().astype(np.float64)
    shared = {"learning_rate": learning_rate, "batch_size": batch_size, "epochs": 4, "seed": 5}
    shared["epoch_steps"] = epoch_steps
    state = train(
        network,
        (torch.from_numpy(INPUTS), torch.from_numpy(TARGETS)),
        batch_loss=lambda forward, _, batch: (forward(batch[0]) - batch[1]).square().mean(),
        validation_loss=lambda network: loss(
            network.weight.detach().numpy().astype(np.float64), np.arange(11)
        ),
        patience=9,
        device=torch.device("cpu"),
        keep_epochs=range(1, 5),
        **shared,
    )
    expected = adam(begin, **shared)
    for epoch, (weights, train_loss) in enumerate(expected, 1):
        np.testing.assert_allclose(state.kept[epoch]["weight"], weights, rtol=1e-4, atol=1e-5)
        row = state.history[epoch - 1]
        assert row["train_loss"] == pytest.approx(train_loss, rel=1e-4)
        assert row["validation_loss"] == pytest.approx(loss(weights, np.arange(11)), rel=1e-4)
    assert state.best_epoch == 1 + int(np.argmin([loss(w, np.arange(11)) for w, _ in expected]))
