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
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.section import Section, validated
from novelty_maps.training.loop import train


@pytest.mark.parametrize(
    ("key", "value", "without"),
    [
        ("noise_std", 0.1, 0.0),
        ("loss", "ssim", "mse"),
        ("augmentation", "flip", "none"),
        ("processes", 2, 1),
    ],
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
    assert others == {"device", "processes"}


@pytest.mark.parametrize(
    ("batch_size", "processes", "fitting"), [(64, 3, 66), (4, 8, 16), (2, 2, 4), (65, 2, 66)]
)
def test_batch_without_equal_shares_is_an_error_that_names_one_that_has(
    batch_size: int, processes: int, fitting: int
) -> None:
    for kind, name in ((TrainParams, "train"), (ClassifierParams, "classifier")):
        values = section(kind, name).model_dump() | {"batch_size": batch_size}
        with pytest.raises(InputError) as caught:
            validated(kind, values | {"processes": processes}, name)
        assert str(caught.value) == (
            f"{name}.processes is {processes}: batch_size {batch_size} cannot be divided into so"
            " many equal shares of 2 images or more: set batch_size to a multiple, such as"
            f" {fitting}"
        )
        assert section(kind, name, batch_size=fitting, processes=processes).processes == processes


def test_batch_that_is_none_is_told_before_its_shares() -> None:
    values = section(TrainParams, "train").model_dump() | {"batch_size": 1, "processes": 2}
    with pytest.raises(InputError, match=r"train\.batch_size is 1"):
        validated(TrainParams, values, "train")
