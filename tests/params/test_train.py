"""The section `train`, and what it has in common with `classifier`."""

import inspect
from typing import get_args

import pydantic
import pytest
from oracles.parameters import section

from novelty_maps.networks.losses import DEVIATIONS
from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.train import TrainParams
from novelty_maps.params.training import TrainingSection
from novelty_maps.pipeline.section import Section
from novelty_maps.training.loop import train


@pytest.mark.parametrize(
    ("key", "value", "without"),
    [("noise_std", 0.1, 0.0), ("loss", "ssim", "mse"), ("augmentation", "flip", "none")],
)
def test_what_only_training_does_is_an_error_without_one_that_names_both(
    key: str, value: object, without: object
) -> None:
    said = (
        rf"train\.{key} is {value}, but train\.network pca is found.*set train\.{key} to {without}"
    )
    with pytest.raises(pydantic.ValidationError, match=said):
        section(TrainParams, "train", network="pca", **{key: value})
    for network, allowed in (("pca", without), ("vae", value)):
        found = section(TrainParams, "train", network=network, **{key: allowed})
        assert (found.network, getattr(found, key)) == (network, allowed)


def test_losses_are_those_of_the_networks() -> None:
    assert get_args(TrainParams.model_fields["loss"].annotation) == tuple(DEVIATIONS)


@pytest.mark.parametrize(
    ("kind", "name"), [(TrainParams, "train"), (ClassifierParams, "classifier")]
)
def test_keywords_are_those_of_the_training_loop(kind: type[TrainingSection], name: str) -> None:
    found = section(kind, name, seed=7, epochs=3).keywords()
    assert (found["seed"], found["epochs"]) == (7, 3)
    assert found.keys() <= inspect.signature(train).parameters.keys()
    others = set(TrainingSection.model_fields) - set(Section.model_fields) - found.keys()
    assert others == {"device"}
