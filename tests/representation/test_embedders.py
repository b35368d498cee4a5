"""The networks whose outputs are kept, and the parts of the images that they are kept of."""

import pandas as pd
import pytest
import torch
from oracles.classifier_params import classifier_params
from oracles.small_classifiers import OWN, small_classifier
from torch import nn

from novelty_maps.classifiers.files import classifier_path
from novelty_maps.classifiers.svgd import SvgdEnsemble
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


def networks(*, seed=0):
    return embedders.embedders(
        classifier_params(VARIANTS, seed=seed), image_shape=(1, 8, 8), classes={False: 3, True: 5}
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
    assert embedders.classes_seen(rows) == {False: 2, True: 4}


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


def test_training_images_are_embedded_where_a_score_compares_with_them():
    variants = VARIANTS | {"contrastive": {"objective": "small_csi"}}
    found = embedders.embedded_parts(classifier_params(variants))
    names = [*variants, "autoencoder", "untrained"]
    expected = [(name, part) for name in names for part in ("validation", "test")]
    assert found == [*expected, ("contrastive", "train")]
