"""The ways to train a classifier: what their networks put out, and what their losses are."""

import numpy as np
import pytest
import torch
from striped_images import striped
from torch.nn.functional import cross_entropy

from stages.lib import classification, objectives, training, variants
from stages.lib.augmentation import SHIFT, augmented, flipped, shifted
from stages.lib.errors import InputError
from stages.lib.hybrid import hybrid_loss
from stages.lib.rotation import rotation_loss

CPU = torch.device("cpu")
OWN = {
    "nominal": {},
    "all_classes": {},
    "hybrid": {"reconstruction_weight": 0.5, "reduction": "mean"},
    "generalized_odin": {},
    "rotation": {"rotation_weight": 0.5},
}


def test_objectives_are_those_that_params_can_name():
    kinds = variants.Variant.__subclasses__()
    named = [name for kind in kinds for name in variants.objectives_of(kind)]
    assert sorted(named) == sorted(objectives.OBJECTIVES)


def network(objective, *, seed=0, size=8, channels=1, classes=3):
    return objectives.seeded_network(
        seed,
        "small_resnet",
        objective,
        OWN[objective],
        image_shape=(channels, size, size),
        classes=classes,
    )


def images(count=6, *, size=8, channels=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, channels, size, size), generator=generator).byte()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("objective", OWN)
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32)])
@torch.no_grad()
def test_outputs_have_a_row_per_image_and_logits_are_those_of_validation(objective, channels, size):
    net = network(objective, channels=channels, size=size, classes=4).eval()
    x = training.as_input(images(2, channels=channels, size=size))
    outputs = net.outputs(x)
    assert outputs["z"].shape == (2, 64)
    assert all(len(value) == 2 for value in outputs.values())
    assert outputs["logits"].shape == (2, 4)
    torch.testing.assert_close(outputs["logits"], net.logits(x))


@pytest.mark.parametrize("objective", OWN)
def test_network_and_loss_train_until_the_classes_are_told_apart(objective):
    x, y = striped()
    chosen, net = objectives.OBJECTIVES[objective], network(objective)
    state = training.train(
        net,
        (x, y),
        batch_loss=chosen.loss(net, len(x), OWN[objective]),
        validation_loss=chosen.validation_loss(x, y, batch_size=50, device=CPU),
        learning_rate=0.01,
        batch_size=30,
        epochs=10,
        patience=10,
        seed=0,
        device=CPU,
    )
    assert state.best_loss <= 0.05
    assert state.history[0]["train_loss"] > state.history[-1]["train_loss"]


@pytest.mark.parametrize("objective", OWN)
def test_weights_follow_the_seed_and_leave_the_global_state_alone(objective):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, again, other = (network(objective, seed=s).state_dict() for s in (0, 0, 1))
    assert torch.rand(1) == expected
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_weights_of_another_objective_are_refused():
    weights = network("hybrid").state_dict()
    with pytest.raises(InputError, match=r"weights of another network: decoder.* is unknown"):
        objectives.network_of(
            weights, "small_resnet", "nominal", {}, image_shape=(1, 8, 8), classes=3, source="a.pt"
        )


def test_files_that_decide_a_training_are_those_of_its_objective():
    names = {file.name for file in objectives.source_files("hybrid")}
    assert {"hybrid.py", "training.py", "classifiers.py", "augmentation.py"} <= names
    assert "rotation.py" not in names


def test_hybrid_loss_adds_the_weighted_squared_error_of_the_reconstruction():
    x, y = images(), torch.tensor([0, 1, 2, 0, 1, 2])
    net = network("hybrid").eval()
    with torch.no_grad():
        logits, reconstruction = net(training.as_input(x))
        error = (reconstruction - training.as_input(x)).square().sum(dim=(1, 2, 3)).mean()
        for reduction, scale in (("sum", 1.0), ("mean", 1 / 64)):
            loss = hybrid_loss(reconstruction_weight=0.3, reduction=reduction)
            found = loss(net, generator(), (x, y))
            torch.testing.assert_close(found, cross_entropy(logits, y) + 0.3 * scale * error)
        kept = net.outputs(training.as_input(x))["reconstruction_error"]
    torch.testing.assert_close(kept.mean(), error / 64)


@torch.no_grad()
def test_generalized_odin_divides_cosines_by_a_confidence():
    net = network("generalized_odin").train()
    net(training.as_input(images(32)))  # batch norm sees some images
    net.eval()
    x = training.as_input(images())
    outputs = net.outputs(x)
    weights, z = net.head.class_weights, outputs["z"]
    cosine = torch.stack([torch.cosine_similarity(z, w[None]) for w in weights], dim=1)
    torch.testing.assert_close(outputs["h"], cosine)
    assert ((outputs["g"] > 0) & (outputs["g"] < 1)).all()
    torch.testing.assert_close(outputs["logits"], outputs["h"] / outputs["g"][:, None])


@torch.no_grad()
def test_rotation_logits_are_those_of_each_rotated_image():
    net = network("rotation").eval()
    x = training.as_input(images())
    kept = net.outputs(x)["rotation_logits"]
    for turns in range(4):
        turned = torch.from_numpy(np.rot90(x.numpy(), turns, (2, 3)).copy())
        torch.testing.assert_close(kept[:, turns], net(turned)[1])


@torch.no_grad()
def test_rotation_loss_turns_each_image_by_what_it_asks_for():
    x, y = images(), torch.tensor([0, 1, 2, 0, 1, 2])
    net = network("rotation").eval()
    turns = torch.randint(4, (6,), generator=generator(5))
    assert len(set(turns.tolist())) > 2
    turned = np.stack(
        [np.rot90(image, turn, (1, 2)) for image, turn in zip(x.numpy(), turns, strict=True)]
    )
    expected = cross_entropy(net(training.as_input(x))[0], y)
    expected += 0.4 * cross_entropy(net(training.as_input(torch.from_numpy(turned)))[1], turns)
    found = rotation_loss(rotation_weight=0.4)(net, generator(5), (x, y))
    torch.testing.assert_close(found, expected)


def test_shift_moves_every_image_by_its_own_offset_and_fills_with_black():
    x = images(40, channels=3) // 2 + 1  # nothing is black before
    moved = shifted(x, generator())
    assert moved.dtype == x.dtype
    assert moved.shape == x.shape
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    offsets = set()
    for i in range(len(x)):
        fits = [
            (down, right)
            for down in range(2 * SHIFT + 1)
            for right in range(2 * SHIFT + 1)
            if (padded[i, :, down : down + 8, right : right + 8] == moved[i].numpy()).all()
        ]
        assert len(fits) == 1
        offsets |= set(fits)
    assert len(offsets) > 20


def test_flip_mirrors_about_half_of_the_images():
    x = images(400)
    found = flipped(x, generator())
    mirrored = (found == x.flip(3)).flatten(1).all(dim=1)
    kept = (found == x).flatten(1).all(dim=1)
    assert (mirrored ^ kept).all()
    assert 160 < int(mirrored.sum()) < 240


def test_augmentation_changes_the_images_that_the_loss_sees_and_nothing_else():
    seen = []

    def loss(forward, generator, batch):
        seen.append(batch)
        return torch.zeros(())

    x, y = images(20), torch.arange(20)
    for augmentation in ("none", "shift", "shift_and_flip"):
        augmented(loss, augmentation)(None, generator(), (x, y))
    assert torch.equal(seen[0][0], x)
    assert all(torch.equal(batch[1], y) for batch in seen)
    assert not torch.equal(seen[1][0], x)
    assert not torch.equal(seen[2][0], seen[1][0])


def test_plain_objectives_share_one_loss():
    x, y = images(), torch.tensor([0, 1, 2, 0, 1, 2])
    net = network("nominal").eval()
    expected = classification.classification_loss()(net, generator(), (x, y))
    for name in ("nominal", "all_classes"):
        found = objectives.OBJECTIVES[name].loss(net, 6, {})(net, generator(), (x, y))
        assert found == expected
