"""The optimiser and the schedule: what decays, and the rate at each step."""

import math

import pytest
import torch
from torch import nn

from novelty_maps.training.optimisation import SCHEDULES, WARM_UP, optimizer_of


class Network(nn.Module):
    """A convolution, batch norm and two heads."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(3, 2)
        self.other = nn.Linear(3, 2)


def stepped(network, weight_decay):
    """Parameters after a step along a gradient of zero, which decay alone can change."""
    for parameter in network.parameters():
        nn.init.ones_(parameter)
        parameter.grad = torch.zeros_like(parameter)
    optimizer_of(network, learning_rate=0.1, weight_decay=weight_decay).step()
    return {name: value.detach().unique() for name, value in network.named_parameters()}


def test_weights_decay_but_for_biases_norms_and_what_the_network_exempts():
    network = Network()
    network.undecayed = ("other.weight",)
    found = stepped(network, 0.5)
    assert {name for name, value in found.items() if value != 1} == {"conv.weight", "head.weight"}
    assert found["head.weight"].item() == pytest.approx(1 - 0.1 * 0.5)


def test_without_decay_a_step_is_adams():
    torch.manual_seed(0)
    network, twin = Network(), Network()
    twin.load_state_dict(network.state_dict())
    reference = torch.optim.Adam(twin.parameters(), lr=0.01)
    optimizer = optimizer_of(network, learning_rate=0.01, weight_decay=0.0)
    for _ in range(3):
        for own, other in zip(network.parameters(), twin.parameters(), strict=True):
            own.grad = torch.randn_like(own)
            other.grad = own.grad.clone()
        optimizer.step()
        reference.step()
    for own, other in zip(network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(own, other)


def rates(schedule, steps):
    optimizer = optimizer_of(Network(), learning_rate=0.2, weight_decay=0.0)
    scheduler = SCHEDULES[schedule](optimizer, 0.2, steps // 5, 5, 0)
    found = []
    for _ in range(steps):
        found.append({group["lr"] for group in optimizer.param_groups})
        optimizer.step()
        scheduler.step()
    assert all(len(each) == 1 for each in found)
    return [each.pop() for each in found]


def test_one_cycle_rises_along_a_cosine_and_falls_to_nearly_nothing():
    steps = 100
    found = rates("one_cycle", steps)
    peak = WARM_UP * (steps + 1) - 1

    def cosine(start, end, share):
        return end + (start - end) * (1 + math.cos(math.pi * share)) / 2

    expected = [
        cosine(0.2 / 25, 0.2, step / peak)
        if step <= peak
        else cosine(0.2, 0.2 / 25 / 1e4, (step - peak) / (steps - peak))
        for step in range(steps)
    ]
    assert found == pytest.approx(expected, rel=1e-6)
    assert max(found) == pytest.approx(0.2, rel=1e-2)
    assert found[-1] < 0.2 / 500


def test_constant_is_constant():
    assert rates("constant", 5) == [0.2] * 5
