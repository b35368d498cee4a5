"""The contrastive detector: its loss, its views, what it keeps of an image, and its score."""

import math

import numpy as np
import pytest
import torch
from oracles.classifier_params import classifier_params

from novelty_maps.classifiers import objectives, small_csi
from novelty_maps.networks.inputs import as_input
from novelty_maps.representation import scores
from novelty_maps.training.loop import train

CPU = torch.device("cpu")
ROTATIONS = 4


def network(seed=0, *, shifts=True, size=8, channels=1):
    own = {"shifts": shifts}
    return objectives.seeded_network(
        seed, "small_resnet", "small_csi", own, image_shape=(channels, size, size), classes=3
    )


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(count, *, size=8, channels=1, seed=0):
    shape = (count, channels, size, size)
    return torch.randint(0, 256, shape, generator=generator(seed)).byte()


def ramps(count, *, seed=0, direction="down"):
    """Noisy images that become brighter downwards, so that no rotation of one is another."""
    ramp = np.linspace(20, 220, 8)[:, None].repeat(8, axis=1)
    if direction == "outwards":
        ramp = np.maximum(ramp, ramp[::-1])
    shade = np.random.default_rng(seed).integers(0, 30, (count, 1, 8, 8))
    return torch.from_numpy((ramp + shade).astype(np.uint8))


def trained(epochs=18, *, shifts=True):
    images, held_out = ramps(60), ramps(30, seed=1)
    net = network(shifts=shifts)
    targets = torch.zeros(60, dtype=torch.int64)
    validation = small_csi.rotation_error_rate if shifts else small_csi.view_error_rate
    error = validation(held_out, targets[:30], batch_size=32, device=CPU)
    before = error(net.eval())
    state = train(
        net,
        (images, targets),
        batch_loss=small_csi.small_csi_loss(shifts=shifts),
        validation_loss=error,
        learning_rate=0.003,
        batch_size=20,
        epochs=epochs,
        patience=epochs,
        seed=0,
        device=CPU,
    )
    return net, state, before


def slow_nt_xent(projection, temperature):
    """The mean over ordered pairs of −log(exp(s_ij / T) / Σ_{k ≠ i} exp(s_ik / T)), in loops."""
    rows = projection.double().tolist()
    half, terms = len(rows) // 2, []

    def cosine(a, b):
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))

    for i in range(len(rows)):
        j = i + half if i < half else i - half
        others = [math.exp(cosine(rows[i], r) / temperature) for k, r in enumerate(rows) if k != i]
        terms.append(-math.log(math.exp(cosine(rows[i], rows[j]) / temperature) / sum(others)))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("temperature", [0.5, 0.1])
def test_nt_xent_agrees_with_slow_loops(temperature):
    projection = torch.randn(14, 5, generator=generator()) * 3
    found = small_csi.nt_xent(projection, temperature=temperature)
    assert float(found) == pytest.approx(slow_nt_xent(projection, temperature), rel=1e-5)


def test_nt_xent_of_indistinguishable_views_is_that_of_chance():
    assert float(small_csi.nt_xent(torch.ones(10, 4))) == pytest.approx(math.log(9), rel=1e-6)


def test_nt_xent_is_lower_when_the_views_of_an_instance_agree_and_keeps_precision_in_bf16():
    instances = torch.randn(8, 16, generator=generator())
    agreeing, mixed = torch.cat([instances, instances]), torch.cat([instances, instances.roll(1)])
    assert small_csi.nt_xent(agreeing) < small_csi.nt_xent(mixed)
    with torch.autocast("cpu", torch.bfloat16):
        found = small_csi.nt_xent(agreeing)
    torch.testing.assert_close(found, small_csi.nt_xent(agreeing), rtol=0, atol=0)


@torch.no_grad()
def test_loss_sees_two_views_of_each_rotated_image_in_the_same_place():
    images, seen = noise(3), []

    def forward(x):
        seen.append(x)
        projection = torch.cat([torch.eye(12), torch.eye(12)])  # agree if i and 12 + i are a pair
        logits = 50 * torch.eye(4).repeat_interleave(3, dim=0).repeat(2, 1)
        return projection, logits

    found = small_csi.small_csi_loss(shifts=True)(forward, generator(), (images, torch.arange(3)))
    assert seen[0].shape == (24, 1, 8, 8)
    assert seen[0].dtype == torch.float32
    expected = -2 + math.log(math.exp(2) + 22)  # cosine 1 to the other view and 0 to 22 others
    assert float(found) == pytest.approx(expected, rel=1e-5)


@torch.no_grad()
def test_views_show_the_rotated_image_of_their_place(monkeypatch):
    monkeypatch.setattr(small_csi, "random_view", lambda images, generator: images)
    images, seen = noise(3), []

    def forward(x):
        seen.append(x)
        return torch.randn(24, 2, generator=generator()), torch.zeros(24, 4)

    small_csi.small_csi_loss(shifts=True)(forward, generator(), (images, torch.arange(3)))
    for place, view in enumerate(seen[0]):
        turns, image = place % 12 // 3, place % 3
        assert np.array_equal(view.numpy(), np.rot90(images[image].numpy(), turns, (1, 2)))


def test_views_are_seeded_and_differ_and_stay_in_range():
    images = noise(6, channels=3)
    view = small_csi.random_view(images, generator())
    assert view.shape == images.shape
    assert view.dtype == torch.float32
    assert 0 <= float(view.min()) < float(view.max()) <= 1
    assert torch.equal(view, small_csi.random_view(images, generator()))
    other = small_csi.random_view(images, generator(1))
    assert (view != other).flatten(1).any(dim=1).all()


def test_crop_lies_inside_the_image_and_keeps_its_place():
    # Each pixel of the image says where it is, so that the crop's corners can be read from it.
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    places = torch.stack([rows, columns]).expand(50, 2, 32, 32)
    crop = small_csi._cropped(places, generator())
    for axis, across in ((0, 2), (1, 1)):
        lines = crop[:, axis].mean(dim=across)
        side = 32 * (lines[:, 20] - lines[:, 10]) / 10
        assert (side >= 32 * math.sqrt(small_csi.LEAST_AREA) - 0.01).all()
        assert (side <= 32.01).all()
        assert float(side.std()) > 1
        first = lines[:, 15] - 15 * side / 32
        assert (first >= -0.51).all()
        assert (first + side <= 32.01).all()


@torch.no_grad()
def test_outputs_are_those_of_each_rotated_image():
    net = network(channels=3).eval()
    x = as_input(noise(5, channels=3))
    outputs = net.outputs(x)
    assert outputs.keys() == {"z", "projection", "shift_logits"}
    assert outputs["z"].shape == (5, 64)
    assert outputs["projection"].shape == (5, ROTATIONS, 32)
    assert outputs["shift_logits"].shape == (5, ROTATIONS, ROTATIONS)
    torch.testing.assert_close(outputs["z"], net.represent(x))
    for turns in range(ROTATIONS):
        turned = torch.from_numpy(np.rot90(x.numpy(), turns, (2, 3)).copy())
        projection, logits = net(turned)
        torch.testing.assert_close(outputs["projection"][:, turns], projection)
        torch.testing.assert_close(outputs["shift_logits"][:, turns], logits)
        torch.testing.assert_close(net.logits(turned), logits)


@torch.no_grad()
def test_validation_counts_wrong_rotations_whatever_targets_and_batch_size():
    net, images = network().eval(), noise(21)
    logits = net.outputs(as_input(images))["shift_logits"]
    wrong = (logits.argmax(dim=2) != torch.arange(ROTATIONS)).double().mean()
    for batch_size, targets in ((5, torch.zeros(21)), (1000, torch.arange(21))):
        error = small_csi.rotation_error_rate(images, targets, batch_size=batch_size, device=CPU)
        assert error(net) == pytest.approx(float(wrong), abs=1e-12)


def test_training_is_seeded_and_learns_the_rotations_and_what_is_novel():
    net, state, before = trained()
    assert before > 0.5
    assert state.best_loss < 0.1
    again, _, _ = trained(epochs=1)
    first, _, _ = trained(epochs=1)
    for name, value in again.state_dict().items():
        assert torch.equal(value, first.state_dict()[name]), name

    def kept(images):
        with torch.no_grad():
            outputs = net.outputs(as_input(images))
        return outputs["projection"].numpy(), outputs["shift_logits"].numpy()

    normal = scores.small_csi(*kept(ramps(40, seed=2)), *kept(ramps(60)))
    novel = scores.small_csi(*kept(ramps(40, seed=3, direction="outwards")), *kept(ramps(60)))
    assert normal.dtype == np.float64
    assert normal.max() < novel.min()


@torch.no_grad()
def test_without_shifts_the_loss_is_nt_xent_of_two_views_of_each_image(monkeypatch):
    monkeypatch.setattr(small_csi, "random_view", lambda images, generator: images)
    images, seen, projection = noise(3), [], torch.randn(6, 2, generator=generator())

    def forward(x):
        seen.append(x)
        return projection, torch.zeros(6, 4)

    found = small_csi.small_csi_loss(shifts=False)(forward, generator(), (images, torch.arange(3)))
    assert float(found) == pytest.approx(slow_nt_xent(projection, 0.5), rel=1e-5)
    assert torch.equal(seen[0], images.repeat(2, 1, 1, 1))


@torch.no_grad()
def test_without_shifts_the_image_as_it_is_is_kept_alone():
    net = network(shifts=False).eval()
    x = as_input(noise(5))
    outputs = net.outputs(x)
    assert outputs.keys() == {"z", "projection"}
    torch.testing.assert_close(outputs["projection"], net(x)[0][:, None])


@torch.no_grad()
def test_view_error_counts_views_that_are_nearer_to_another_images_view(monkeypatch):
    images = noise(6)
    # The projection is the first pixel's angle: views 0 and 1 of images 4 and 5 change places.
    angles = torch.tensor([[0.0, 0.5, 1.0, 1.5, 2.0, 2.5], [0.01, 0.51, 1.01, 1.51, 2.51, 2.01]])
    views = iter(angles)
    monkeypatch.setattr(small_csi, "random_view", lambda images, generator: next(views))

    def net(angle):
        return torch.stack([angle.cos(), angle.sin()], dim=1), None

    error = small_csi.view_error_rate(images, torch.zeros(6), batch_size=6, device=CPU)
    assert error(net) == pytest.approx(4 / 12)


def test_without_shifts_training_is_stopped_by_views_and_finds_what_is_novel():
    variant = {"objective": "small_csi", "shifts": False}
    chosen = objectives.objective_of(classifier_params({"a": variant}).variant("a"))
    assert chosen.validation_loss is small_csi.view_error_rate
    assert chosen.accuracy == "validation_view_accuracy"
    images = noise(5)
    assert torch.equal(chosen.evaluated(images), images)  # no rotations for batch norm
    net, state, before = trained(shifts=False)
    assert state.best_loss < before

    @torch.no_grad()
    def kept(images):
        return net.outputs(as_input(images))["projection"].numpy()

    normal = scores.contrastive(kept(ramps(40, seed=2)), kept(ramps(60)))
    novel = scores.contrastive(kept(ramps(40, seed=3, direction="outwards")), kept(ramps(60)))
    assert float((normal[:, None] < novel).mean()) > 0.95
