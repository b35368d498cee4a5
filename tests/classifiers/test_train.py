"""How a classifier is trained: the settings that reach it, and what is told of it."""

import pytest
import torch
from oracles.classifier_params import classifier_params
from oracles.small_classifiers import OWN
from oracles.striped_images import striped

from novelty_maps.classifiers import objectives, train
from novelty_maps.classifiers.train import history_table, numbers, settings_of, train_classifier
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.state import TrainingState

CPU = torch.device("cpu")
PARTS = {"train": striped(60), "validation": striped(30, seed=1)}
IMAGES = {part: images for part, (images, _) in PARTS.items()}
TARGETS = {part: targets for part, (_, targets) in PARTS.items()}


@pytest.fixture(autouse=True)
def checkpoints_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def trained(classifier, name="a", images=IMAGES):
    settings = settings_of(name, classifier)
    checkpoint = Checkpoint(settings.model_dump(), [], device=CPU, threads=1)
    network, state = train_classifier(
        classifier.variant(name), settings, images, TARGETS, checkpoint, classes=3, device=CPU
    )
    checkpoint.remove()
    return network.state_dict(), state


def same(first, second):
    return all(torch.equal(first[key], second[key]) for key in first)


def test_variants_own_settings_are_stronger_than_the_sections():
    variants = {
        "plain": {"objective": "nominal"},
        "own": {"objective": "nominal", "seed": 4, "learning_rate": 0.5},
    }
    classifier = classifier_params(variants, seed=1, learning_rate=0.25)
    plain, own = (settings_of(name, classifier) for name in variants)
    assert (plain.seed, plain.learning_rate) == (1, 0.25)
    assert (own.seed, own.learning_rate) == (4, 0.5)
    assert own.keywords()["seed"] == 4
    rest = {"seed", "learning_rate"}
    assert own.model_dump(exclude=rest) == classifier.model_dump(exclude=rest)


def test_own_seed_and_learning_rate_train_as_those_of_the_section_would():
    own = {"a": {"objective": "nominal", "seed": 4, "learning_rate": 0.01}}
    shared = classifier_params({"a": {"objective": "nominal"}}, seed=4, learning_rate=0.01)
    first, _ = trained(classifier_params(own))
    second, _ = trained(shared)
    other, _ = trained(classifier_params({"a": {"objective": "nominal"}}))
    assert same(first, second)
    assert not same(first, other)


@pytest.mark.parametrize(
    "changes",
    [
        {"augmentation": "shift"},
        {"batch_norm": "running"},
        {"batch_size": 15},
        {"schedule": "one_cycle"},
        {"weight_decay": 0.1},
    ],
)
def test_each_setting_reaches_the_training(changes):
    first, _ = trained(classifier_params({"a": {"objective": "nominal"}}))
    changed, _ = trained(classifier_params({"a": {"objective": "nominal"}}, **changes))
    assert not same(first, changed)


@pytest.mark.parametrize("objective", OWN)
def test_network_is_that_of_the_objective(objective):
    variant = {"objective": objective, **OWN[objective]}
    weights, state = trained(classifier_params({"a": variant}, epochs=1))
    fresh = objectives.seeded_network(
        0, "small_resnet", objective, OWN[objective], image_shape=(1, 8, 8), classes=3
    )
    assert weights.keys() == fresh.state_dict().keys()
    assert state.epoch == 1


def test_batch_norm_is_calibrated_on_training_images_as_evaluation_sees_them(monkeypatch):
    seen = []
    monkeypatch.setattr(
        train, "calibration", lambda kind, images, device: lambda net: seen.append((kind, images))
    )
    trained(classifier_params({"a": {"objective": "rotation", **OWN["rotation"]}}, epochs=1))
    (kind, images), *_ = seen
    assert kind == "precise"
    drawn = train.calibration_images(IMAGES["train"], seed=0)
    assert torch.equal(images, objectives.OBJECTIVES["rotation"].evaluated(drawn))
    assert not torch.equal(images, drawn)


def test_validation_images_stop_the_training():
    noise = torch.randint(0, 256, IMAGES["validation"].shape).byte()
    classifier = classifier_params({"a": {"objective": "nominal"}}, epochs=8, learning_rate=0.01)
    _, state = trained(classifier)
    _, on_noise = trained(classifier, images=IMAGES | {"validation": noise})
    assert state.best_loss < 0.2 < on_noise.best_loss


def state_with(best_loss):
    _, state = trained(classifier_params({"a": {"objective": "nominal"}}, epochs=1))
    values = state.as_dict() | {"best_loss": best_loss, "best_epoch": 3, "epoch": 5}
    return TrainingState(**values)


def test_accuracy_is_named_by_the_objective():
    variants = {
        "plain": {"objective": "nominal"},
        "shifts": {"objective": "small_csi"},
        "views": {"objective": "small_csi", "shifts": False},
    }
    classifier = classifier_params(variants)
    plain, shifts, views = (
        numbers(state_with(0.25), classifier.variant(name)) for name in variants
    )
    assert plain == {"epochs": 5, "best_epoch": 3, "validation_accuracy": 0.75}
    assert shifts["validation_rotation_accuracy"] == 0.75
    assert views["validation_view_accuracy"] == 0.75


def test_history_calls_the_validation_loss_an_error():
    _, state = trained(classifier_params({"a": {"objective": "nominal"}}, keep_epochs=[2]))
    table = history_table(state)
    assert list(table["epoch"]) == [1, 2]
    assert list(table["validation_error"]) == [row["validation_loss"] for row in state.history]


def test_class_weights_of_h_decay_where_they_are_asked_to():
    def moved(**own):
        variants = {"a": {"objective": "generalized_odin", **own}}
        plain, decayed = (
            trained(classifier_params(variants, weight_decay=decay, learning_rate=1e-9))[0]
            for decay in (0.0, 1e7)
        )
        names = {"head.class_weights", "head.confidence.0.weight"}
        return {name for name in names if not torch.allclose(plain[name], decayed[name])}

    assert moved() == {"head.confidence.0.weight"}
    assert moved(decay_h=True) == {"head.class_weights", "head.confidence.0.weight"}
