"""The networks whose outputs are kept, and the parts of the images that they are kept of."""

import numpy as np
import pandas as pd
import pytest
import torch
from oracles.classifier_params import classifier_params
from oracles.parameters import section
from oracles.small_classifiers import OWN, small_classifier
from torch import nn

from novelty_maps.classifiers.files import classifier_path
from novelty_maps.classifiers.plain import classes_seen
from novelty_maps.classifiers.svgd import SvgdEnsemble
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError
from novelty_maps.representation import embedders

VARIANTS = {
    "all_classes": {"objective": "all_classes"},
    "hybrid": {"objective": "hybrid", **OWN["hybrid"]},
    "particles": {"objective": "svgd", "members": 2},
}


class Autoencoder(nn.Module):
    """Stands for the trained one; it remembers what images it was loaded for."""

    def __init__(self, image_shape):
        super().__init__()
        self.image_shape = image_shape


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(embedders, "load_autoencoder", Autoencoder)


def networks(*, seed=0, others=("autoencoder", "untrained"), frozen=None):
    return embedders.embedders(
        classifier_params(VARIANTS, seed=seed),
        others,
        frozen,
        image_shape=(1, 8, 8),
        classes={False: 3, True: 5},
    )


def write_trained():
    """Files of all variants; returns what they hold."""
    trained = {
        "all_classes": small_classifier("all_classes", seed=7, classes=5),
        "hybrid": small_classifier("hybrid", seed=8),
        "particles": SvgdEnsemble("small_resnet", members=2, image_shape=(1, 8, 8), classes=3),
    }
    for name, network in trained.items():
        formats.write_torch(classifier_path(name), network.state_dict())
    return trained


def same(first, second):
    first, second = first.state_dict(), second.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_classes_are_counted_with_and_without_the_novel_ones():
    rows = pd.DataFrame({"label": [4, 4, 1, 0, 2, 2], "novel": [0, 0, 0, 1, 1, 1]})
    assert classes_seen(rows) == {False: 2, True: 4}


def test_networks_are_the_trained_ones_the_autoencoder_and_one_as_it_began():
    trained = write_trained()
    found = networks(seed=3)
    assert list(found) == [*VARIANTS, "autoencoder", "untrained"]
    assert all(same(found[name], trained[name]) for name in trained)
    assert same(found["untrained"], small_classifier("nominal", seed=3))
    assert not any(network.training for name, network in found.items() if name != "autoencoder")
    assert isinstance(found["autoencoder"], Autoencoder)
    assert found["autoencoder"].image_shape == (1, 8, 8)


def test_missing_classifier_names_the_command_that_trains_it():
    with pytest.raises(InputError, match=r"`python -m stages\.representation\.classify all_cl"):
        networks()


def test_classifier_of_other_classes_is_an_error_that_names_its_file():
    write_trained()
    other = small_classifier("hybrid", classes=4)
    formats.write_torch(classifier_path("hybrid"), other.state_dict())
    with pytest.raises(InputError, match=f"^{classifier_path('hybrid')} "):
        networks()


def test_frozen_network_is_the_last_one_where_it_is_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(embedders, "pooled_network", asked.append)
    write_trained()
    frozen = section(DetectorsParams, "detectors")
    assert list(networks(others=["imagenet"], frozen=frozen)) == [*VARIANTS, "imagenet"]
    assert asked == [frozen]


def test_logits_are_zero_at_the_origin_nearest_to_zero():
    network = small_classifier("nominal", seed=1)
    origin = embedders.logits_origin(network)
    logits = network.double().head(torch.from_numpy(origin))
    torch.testing.assert_close(logits, torch.zeros_like(logits), atol=1e-12, rtol=0)
    weight = network.head.weight.detach().numpy()
    beside = np.linalg.svd(weight)[2][len(weight) :]  # where no logit changes
    np.testing.assert_allclose(beside @ origin, 0, atol=1e-12)


def test_logits_that_are_not_linear_in_z_have_no_origin():
    assert embedders.logits_origin(small_classifier("generalized_odin")) is None
    assert embedders.logits_origin(Autoencoder((1, 8, 8))) is None


def test_training_images_are_embedded_but_by_networks_that_saw_novel_classes():
    others = ["autoencoder", "untrained", "raw_pixels", "imagenet"]
    found = embedders.embedded_parts(classifier_params(VARIANTS), others)
    names = [*VARIANTS, "autoencoder", "untrained", "imagenet"]
    expected = [(name, part) for name in names for part in ("validation", "test")]
    assert found == expected + [(name, "train") for name in names if name != "all_classes"]
    without = embedders.embedded_parts(classifier_params(VARIANTS), [])
    assert without == [each for each in found if each[0] in VARIANTS]
