"""The joint energy-based model: its sampler, its loss, its buffer, and what it learns."""

import numpy as np
import pytest
import torch
from oracles.striped_images import striped
from torch import nn
from torch.nn.functional import cross_entropy

from novelty_maps.classifiers import jem, objectives
from novelty_maps.classifiers.plain import error_rate
from novelty_maps.networks.inputs import as_input
from novelty_maps.pipeline.errors import InputError
from novelty_maps.representation import scores
from novelty_maps.training import loop

CPU = torch.device("cpu")
PLAIN = {"energy_weight": 1.0, "energy_penalty": 0.0}  # as in the paper


def network(seed=0, *, backbone="small_resnet", size=8, channels=1):
    return objectives.seeded_network(
        seed, backbone, "jem", {"steps": 5}, image_shape=(channels, size, size), classes=3
    )


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def train(net, *, epochs, learning_rate=0.002, state=None):
    return loop.train(
        net,
        striped(),
        batch_loss=jem.jem_loss(net, steps=5, **PLAIN),
        validation_loss=error_rate(*striped(seed=1), batch_size=32, device=CPU),
        learning_rate=learning_rate,
        batch_size=30,
        epochs=epochs,
        patience=epochs,
        seed=0,
        device=CPU,
        state=state,
    )


def bowl(x):
    """The energy of a normal distribution about 0.5 with variance 1/8 in each pixel."""
    return 4 * (x - 0.5).square().sum(dim=(1, 2, 3))


@pytest.mark.parametrize(("backbone", "channels"), [("small_resnet", 1), ("resnet34", 3)])
def test_no_batch_norm_is_left_and_every_convolution_has_a_bias(backbone, channels):
    net = network(backbone=backbone, channels=channels)
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    assert convolutions
    assert all(convolution.bias is not None for convolution in convolutions)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    with torch.no_grad():
        assert float(net.logits(torch.rand(2, channels, 8, 8)).abs().max()) < 10


@torch.no_grad()
def test_energy_is_the_score_and_does_not_depend_on_the_batch():
    net = network().train()
    x = torch.rand(6, 1, 8, 8, generator=generator())
    together = net.energy(x)
    alone = torch.cat([net.energy(image[None]) for image in x])
    torch.testing.assert_close(together, alone)
    np.testing.assert_allclose(together, scores.energy(net.logits(x).numpy()), rtol=1e-5)


def test_langevin_takes_the_papers_step_in_its_range_of_values():
    # u = 2x − 1 takes u ← u − ∂E/∂u with the paper's step size of 1; without its noise.
    x = torch.rand(4, 1, 8, 8, generator=generator())
    u = (2 * x - 1).requires_grad_()
    (gradient,) = torch.autograd.grad(bowl((u + 1) / 2).sum(), u)
    expected = ((u.detach() - gradient).clamp(-1, 1) + 1) / 2
    found = jem.langevin(bowl, x, steps=1, generator=generator())
    assert float((found - expected).abs().max()) < 6 * jem.STEP_NOISE
    assert float((found - expected).std()) == pytest.approx(jem.STEP_NOISE, rel=0.2)


def test_langevin_lowers_the_energy_and_stays_in_range():
    net = network()
    train(net, epochs=2)
    x = torch.rand(50, 1, 8, 8, generator=generator())
    for energy in (bowl, net.energy):
        after = jem.langevin(energy, x, steps=20, generator=generator(1))
        assert 0 <= float(after.min()) < float(after.max()) <= 1
        assert not after.requires_grad
        with torch.no_grad():
            assert float(energy(after).mean()) < float(energy(x).mean()) - 0.01


def test_sampling_leaves_parameters_and_gradients_alone_and_renews_the_buffer():
    net = network()
    net.energy(torch.rand(2, 1, 8, 8)).sum().backward()
    gradients = [parameter.grad.clone() for parameter in net.parameters()]
    weights = [parameter.detach().clone() for parameter in net.parameters()]
    before = net.replay.clone()
    samples = jem.draw_samples(net, count=30, steps=3, generator=generator())
    for parameter, weight, gradient in zip(net.parameters(), weights, gradients, strict=True):
        assert torch.equal(parameter, weight)
        assert torch.equal(parameter.grad, gradient)
    changed = (net.replay != before).flatten(1).any(dim=1)
    assert int(changed.sum()) == 30
    kept = {image.numpy().tobytes() for image in net.replay[changed]}
    assert kept == {image.numpy().tobytes() for image in samples}


def test_about_one_sample_in_twenty_begins_anew():
    net = network()
    net.replay.fill_(0.25)
    samples = jem.draw_samples(net, count=1000, steps=0, generator=generator())
    fresh = (samples != 0.25).flatten(1).any(dim=1)
    assert 0.03 < float(fresh.double().mean()) < 0.07
    assert float(samples[fresh].std()) == pytest.approx(12**-0.5, rel=0.05)  # uniform


def test_loss_follows_the_generator_and_is_float32_in_mixed_precision_too():
    first, again, other, mixed = (network() for _ in range(4))
    losses = [
        jem.jem_loss(net, steps=3, **PLAIN)(net, generator(seed), striped(12))
        for net, seed in ((first, 0), (again, 0), (other, 1))
    ]
    with torch.autocast("cpu", torch.bfloat16):
        losses.append(jem.jem_loss(mixed, steps=3, **PLAIN)(mixed, generator(), striped(12)))
    assert losses[0] == losses[1] == losses[3]
    assert torch.equal(first.replay, again.replay)
    assert torch.equal(first.replay, mixed.replay)
    assert losses[0] != losses[2]


def test_loss_is_cross_entropy_and_the_difference_of_the_energies(monkeypatch):
    net, (images, targets) = network(), striped(12)
    samples = torch.rand(12, 1, 8, 8, generator=generator(3))
    monkeypatch.setattr(jem, "draw_samples", lambda *args, **keywords: samples)
    monkeypatch.setattr(jem, "IMAGE_NOISE", 0)
    x = as_input(images)
    difference = net.energy(x).mean() - net.energy(samples).mean()
    squares = net.energy(x).square().mean() + net.energy(samples).square().mean()
    for weight, penalty in ((1.0, 0.0), (0.1, 0.0), (0.1, 0.3)):
        loss = jem.jem_loss(net, steps=5, energy_weight=weight, energy_penalty=penalty)
        found = loss(net, generator(), (images, targets))
        expected = cross_entropy(net.logits(x), targets)
        expected = expected + weight * (difference + penalty * squares)
        torch.testing.assert_close(found, expected)


def test_a_step_along_the_loss_lowers_images_against_samples(monkeypatch):
    net, (images, targets) = network(), striped(30)
    samples = torch.rand(30, 1, 8, 8, generator=generator(3))
    monkeypatch.setattr(jem, "draw_samples", lambda *args, **keywords: samples)
    monkeypatch.setattr(jem, "cross_entropy", lambda logits, targets: 0 * logits.sum())

    @torch.no_grad()
    def difference():
        x = as_input(images)
        return float(net.energy(x).mean() - net.energy(samples).mean())

    before = difference()
    jem.jem_loss(net, steps=5, **PLAIN)(net, generator(), (images, targets)).backward()
    torch.optim.SGD(net.parameters(), lr=0.01).step()
    assert difference() < before


def test_noisy_training_images_stay_in_the_range_of_the_samples():
    net, (images, targets) = network(), striped(12)
    seen = []

    def forward(x):
        seen.append(x)
        return net(x)

    jem.jem_loss(net, steps=1, **PLAIN)(forward, generator(), (images, targets))
    (x,) = seen
    assert x.shape == (24, 1, 8, 8)
    assert 0 <= float(x.min()) < float(x.max()) <= 1
    noise = (x[:12] - as_input(images)).flatten()
    assert float(noise.std()) == pytest.approx(jem.IMAGE_NOISE, rel=0.2)


@pytest.mark.parametrize("difference", [1001.0, -2e6, float("nan"), float("inf")])
def test_exploded_energies_end_the_training_with_a_remedy(difference):
    with pytest.raises(InputError, match=r"(?s)jem diverged.*nats apart.*Lower.*now 7"):
        jem.require_stable(difference, steps=7)
    jem.require_stable(-999, steps=7)


def test_training_at_an_absurd_learning_rate_is_ended():
    with pytest.raises(InputError, match="jem diverged"):
        train(network(), epochs=5, learning_rate=10)


def test_it_learns_the_classes_and_that_noise_is_none_of_the_images():
    net = network()
    state = train(net, epochs=12)
    assert state.best_loss < 0.05
    with torch.no_grad():
        images = net.energy(as_input(striped(seed=2)[0]))
        noise = net.energy(torch.rand(90, 1, 8, 8, generator=generator()))
    assert float((images[:, None] < noise).double().mean()) > 0.95  # AUROC


def test_interrupted_training_ends_like_uninterrupted_training():
    expected = train(network(), epochs=3)
    state = train(network(), epochs=1)
    assert "replay" in state.network
    found = train(network(seed=5), epochs=3, state=state)
    assert found.history == expected.history
    for name, value in expected.network.items():
        assert torch.equal(found.network[name], value), name
