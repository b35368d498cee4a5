"""The ways to train a classifier: what their networks put out, and that they learn."""

from typing import get_args

import pytest
import torch
from oracles.small_classifiers import OWN, generator, random_images, small_classifier
from oracles.striped_images import striped

from novelty_maps.classifiers import objectives
from novelty_maps.classifiers.plain import classification_loss
from novelty_maps.networks.inputs import as_input
from novelty_maps.params import classifier
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training.loop import train

CPU = torch.device("cpu")


def test_objectives_are_those_that_params_can_name():
    union, _ = get_args(classifier.AnyVariant)
    kinds = get_args(union)
    assert set(kinds) == set(classifier.Variant.__subclasses__())
    named = [name for kind in kinds for name in classifier.objectives_of(kind)]
    assert sorted(named) == sorted(objectives.OBJECTIVES)


def test_every_objective_with_logits_that_is_quick_and_of_grey_images_is_tested_here():
    assert set(objectives.OBJECTIVES) - set(OWN) == {"svgd", "jem", "small_csi", "recolouring"}


@pytest.mark.parametrize("objective", OWN)
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32)])
@torch.no_grad()
def test_outputs_have_a_row_per_image_and_logits_are_those_of_validation(objective, channels, size):
    net = small_classifier(objective, channels=channels, size=size, classes=4).eval()
    x = as_input(random_images(2, channels=channels, size=size))
    outputs = net.outputs(x)
    assert outputs["z"].shape == (2, 64)
    assert all(len(value) == 2 for value in outputs.values())
    assert outputs["logits"].shape == (2, 4)
    torch.testing.assert_close(outputs["logits"], net.logits(x))


@pytest.mark.parametrize("objective", OWN)
def test_network_and_loss_train_until_the_classes_are_told_apart(objective):
    x, y = striped()
    chosen, net = objectives.OBJECTIVES[objective], small_classifier(objective)
    state = train(
        net,
        (x, y),
        batch_loss=chosen.loss(net, len(x), OWN[objective]),
        validation_loss=chosen.validation_loss(x, y, batch_size=50, device=CPU),
        learning_rate=0.01,
        batch_size=30,
        epochs=10,
        patience=10,
        keep_epochs=(10,),  # not to stop at no error
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
    first, again, other = (small_classifier(objective, seed=s).state_dict() for s in (0, 0, 1))
    assert torch.rand(1) == expected
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_weights_of_another_objective_are_refused():
    weights = small_classifier("hybrid").state_dict()
    with pytest.raises(InputError, match=r"weights of another network: decoder.* is unknown"):
        objectives.network_of(
            weights, "small_resnet", "nominal", {}, image_shape=(1, 8, 8), classes=3, source="a.pt"
        )


def test_plain_objectives_share_one_loss():
    x, y = random_images(), torch.tensor([0, 1, 2, 0, 1, 2])
    net = small_classifier("nominal").eval()
    expected = classification_loss()(net, generator(), (x, y))
    for name in ("nominal", "all_classes"):
        found = objectives.OBJECTIVES[name].loss(net, 6, {})(net, generator(), (x, y))
        assert found == expected
