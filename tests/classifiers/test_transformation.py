"""The auxiliary tasks: their transformations, what is kept of each, and their loss."""

from itertools import permutations

import numpy as np
import pytest
import torch
from oracles.small_classifiers import generator, random_images, small_classifier
from oracles.striped_images import striped
from skimage.filters import sobel as sobel_of_skimage
from torch.nn.functional import cross_entropy

from novelty_maps.classifiers import objectives
from novelty_maps.classifiers.transformation import (
    RECOLOURING,
    ROTATION,
    SOBEL,
    TransformationClassifier,
    beside_in_turn,
    in_turn,
    recolour,
    sobel,
    transformation_loss,
)
from novelty_maps.networks.inputs import as_input
from novelty_maps.training.batch_norm import calibration
from novelty_maps.training.loop import train

CPU = torch.device("cpu")
TASKS = pytest.mark.parametrize("task", [ROTATION, RECOLOURING, SOBEL], ids=lambda task: task.name)


def network(task, *, channels=3):
    torch.manual_seed(0)
    return TransformationClassifier(
        "small_resnet", task, image_shape=(channels, 8, 8), classes=3
    ).eval()


@torch.no_grad()
def test_rotation_logits_are_those_of_each_rotated_image():
    net = small_classifier("rotation").eval()
    x = as_input(random_images())
    kept = net.outputs(x)["rotation_logits"]
    for turns in range(4):
        turned = torch.from_numpy(np.rot90(x.numpy(), turns, (2, 3)).copy())
        torch.testing.assert_close(kept[:, turns], net(turned)[1])


@TASKS
@torch.no_grad()
def test_kept_logits_are_those_of_each_transformed_image(task):
    net, x = network(task), as_input(random_images(channels=3))
    outputs = net.outputs(x)
    kept = outputs[f"{task.name}_logits"]
    assert kept.shape == (6, task.size, task.size)
    for kind in range(task.size):
        torch.testing.assert_close(kept[:, kind], net(task.apply(x, kind))[1])
    torch.testing.assert_close(outputs["z"], net.represent(x))


@TASKS
def test_transformations_leave_the_range_and_the_first_leaves_the_image(task):
    x = as_input(random_images(channels=3))
    changed = [task.apply(x, kind) for kind in range(task.size)]
    assert torch.equal(changed[0], x)
    for i, one in enumerate(changed):
        assert one.shape == x.shape
        assert 0 <= float(one.min()) < float(one.max()) <= 1
        assert not any(torch.equal(one, other) for other in changed[:i])
        assert task.apply(x[:0], i).shape == (0, 3, 8, 8)


def test_recolouring_is_each_permutation_of_the_channels_once():
    x = torch.arange(3.0).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    found = {tuple(recolour(x, order)[0, :, 0, 0].int().tolist()) for order in range(6)}
    assert found == set(permutations(range(3)))


def test_sobel_edges_are_those_of_scikit_image():
    x = as_input(random_images(channels=3))
    expected = [[sobel_of_skimage(plane.astype(float)) for plane in image] for image in x.numpy()]
    torch.testing.assert_close(
        sobel(x, 1).double(), torch.tensor(np.array(expected)), rtol=1e-5, atol=1e-6
    )
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(sobel(x, 1), sobel(x, 1).float())


@TASKS
def test_images_in_turn_show_every_transformation(task):
    images = random_images(13, channels=3)
    changed = in_turn(images, task=task)
    assert changed.dtype == torch.uint8
    for i, (image, found) in enumerate(zip(images, changed, strict=True)):
        expected = 255 * task.apply(as_input(image[None]), i % task.size)[0]
        assert float((found - expected).abs().max()) <= 0.5 + 1e-4
        if task is not SOBEL or i % 2 == 0:
            assert torch.equal(found.flatten().sort().values, image.flatten().sort().values)


@pytest.mark.parametrize("bf16", [False, True])
@TASKS
@torch.no_grad()
def test_loss_adds_the_weighted_task_on_images_transformed_as_it_asks(task, bf16):
    x, y = random_images(12, channels=3), torch.arange(12) % 3
    net = network(task)
    kinds = torch.randint(task.size, (12,), generator=generator(5))
    changed = torch.stack(
        [task.apply(as_input(image[None]), kind)[0] for image, kind in zip(x, kinds, strict=True)]
    )
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        found = transformation_loss(task=task, weight=0.4)(net, generator(5), (x, y))
    expected = cross_entropy(net(as_input(x))[0], y)
    expected += 0.4 * cross_entropy(net(changed)[1], kinds)
    torch.testing.assert_close(found, expected, **({"rtol": 0.02, "atol": 0.02} if bf16 else {}))


def test_orders_of_the_channels_are_learnt_from_images_in_colour():
    grey, y = striped()
    x = torch.cat([grey // 4, grey // 2, grey], dim=1)
    chosen, own = objectives.OBJECTIVES["recolouring"], {"recolouring_weight": 1.0}
    net = network(RECOLOURING).train()
    state = train(
        net,
        (x, y),
        batch_loss=chosen.loss(net, len(x), own),
        validation_loss=chosen.validation_loss(x, y, batch_size=50, device=CPU),
        learning_rate=0.01,
        batch_size=30,
        epochs=8,
        patience=8,
        seed=0,
        device=CPU,
        after_steps=calibration("precise", chosen.evaluated(x), device=CPU),
    )
    net.load_state_dict(state.network)  # the classes are told apart after the first epoch
    with torch.no_grad():
        logits = net.outputs(as_input(x))["recolouring_logits"]
    assert float((logits.argmax(dim=2) == torch.arange(6)).float().mean()) > 0.5


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
    found = transformation_loss(task=ROTATION, weight=0.4)(net, generator(5), (x, y))
    torch.testing.assert_close(found, expected)


@TASKS
def test_batch_norm_is_calibrated_on_the_mixture_that_training_sees(task):
    """Half of it untouched, and of the rest as much in each transformation, in any part of it."""
    images = torch.randint(0, 256, (24, 3, 8, 8), dtype=torch.uint8)
    mixture = beside_in_turn(images, task=task)
    torch.testing.assert_close(mixture[::2], images, rtol=0, atol=0)
    torch.testing.assert_close(mixture[1::2], in_turn(images, task=task), rtol=0, atol=0)
