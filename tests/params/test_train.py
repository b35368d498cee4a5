"""The section `train`, and what it has in common with `classifier`."""

import inspect

import pydantic
import pytest
from oracles.parameters import section

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.train import TrainParams
from novelty_maps.params.training import TrainingSection
from novelty_maps.pipeline.section import Section
from novelty_maps.training.loop import train


def test_noise_in_a_network_without_training_is_an_error_that_names_both() -> None:
    said = r"train\.noise_std is 0\.1, but train\.network pca is found in"
    with pytest.raises(pydantic.ValidationError, match=said):
        section(TrainParams, "train", network="pca", noise_std=0.1)
    for network, noise_std in (("pca", 0.0), ("vae", 0.1)):
        found = section(TrainParams, "train", network=network, noise_std=noise_std)
        assert (found.network, found.noise_std) == (network, noise_std)


@pytest.mark.parametrize(
    ("kind", "name"), [(TrainParams, "train"), (ClassifierParams, "classifier")]
)
def test_keywords_are_those_of_the_training_loop(kind: type[TrainingSection], name: str) -> None:
    found = section(kind, name, seed=7, epochs=3).keywords()
    assert (found["seed"], found["epochs"]) == (7, 3)
    assert found.keys() <= inspect.signature(train).parameters.keys()
    others = set(TrainingSection.model_fields) - set(Section.model_fields) - found.keys()
    assert others == {"device"}
