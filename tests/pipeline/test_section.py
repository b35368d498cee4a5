"""One section of a parameter file: taken as it stands, or one error that names the key."""

import re
from pathlib import Path
from typing import Any

import pytest
from oracles.parameters import repository_values, section, write_params

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.params.split import SplitParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.section import Section, load_section


def error_of(
    path: Path, name: str = "metrics", kind: type[Section] = MetricsParams, **given: Any
) -> str:
    """The message of the InputError that loading a section of a file raises."""
    with pytest.raises(InputError) as caught:
        load_section(path, name, kind, given)
    assert type(caught.value) is InputError
    return str(caught.value)


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    """A copy of the repository's file, for a test to damage."""
    return write_params(tmp_path)


def test_section_is_read_without_a_look_at_the_others(tmp_path: Path) -> None:
    values: dict[str, Any] = {"metrics": {"k": 3, "bootstrap_samples": 100}, "train": 5, "x": None}
    metrics = load_section(write_params(tmp_path, values), "metrics", MetricsParams)
    assert metrics == MetricsParams(k=3, bootstrap_samples=100)


def test_small_number_without_a_point_is_a_number(valid: Path) -> None:
    # YAML 1.1 takes 1e-05 for a string; YAML 1.2, in which DVC writes, does not.
    valid.write_text(valid.read_text().replace("learning_rate: 0.003", "learning_rate: 1e-05"))
    assert load_section(valid, "train", TrainParams).learning_rate == 1e-5


def test_key_given_twice_is_an_error_that_names_it(valid: Path) -> None:
    valid.write_text(re.sub(r"( +)k: 10\n", r"\1k: 10\n\1k: 11\n", valid.read_text()))
    message = error_of(valid)
    assert "not valid YAML" in message
    assert 'duplicate key "k"' in message


@pytest.mark.parametrize("text", ["data: [", "data:\n\tname: digits", "a: b: c", "--- a\n--- b\n"])
def test_invalid_yaml_is_an_error_that_names_the_file(valid: Path, text: str) -> None:
    valid.write_text(text)
    assert f"{valid} is not valid YAML" in error_of(valid)


@pytest.mark.parametrize(
    "value", ["2024-13-45", "!!int ten", "1" + "0" * 5000, "[" * 600], ids=lambda v: v[:10]
)
def test_value_that_yaml_cannot_make_is_an_input_error(valid: Path, value: str) -> None:
    valid.write_text(re.sub(r"k: 10\b", f"k: {value}", valid.read_text()))
    assert str(valid) in error_of(valid)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "[1, 2]", "word", "null"])
def test_file_without_sections_is_an_error_that_names_an_example(valid: Path, text: str) -> None:
    valid.write_text(text)
    assert error_of(valid) == f"{valid} holds no sections: see params.yaml of the project"


def test_file_in_another_encoding_is_an_error_that_names_it(valid: Path) -> None:
    valid.write_bytes(valid.read_bytes() + "# Größe\n".encode("latin-1"))
    assert f"{valid} is not UTF-8 text" in error_of(valid)


def test_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "absent.yaml"
    assert f"{path} does not exist" in error_of(path)


@pytest.mark.parametrize("content", [None, 3, ["k", 10]])
@pytest.mark.parametrize("given", [{}, {"k": 3}])
def test_section_that_is_no_section_is_an_error_that_names_it(
    tmp_path: Path, content: Any, given: dict[str, Any]
) -> None:
    path = write_params(tmp_path, {"metrics": content})
    assert f"metrics is {content!r}" in error_of(path, **given)


def test_what_is_given_replaces_the_values_of_the_file(valid: Path) -> None:
    found = load_section(valid, "split", SplitParams, {"normal_classes": [7], "seed": 4})
    assert found == section(SplitParams, "split", normal_classes=[7], seed=4)


def test_none_means_not_given(valid: Path) -> None:
    given = dict.fromkeys(SplitParams.model_fields)
    assert load_section(valid, "split", SplitParams, given) == section(SplitParams, "split")


def test_false_and_zero_are_given(tmp_path: Path) -> None:
    path = write_params(tmp_path, train={"compile": True, "seed": 5})
    train = load_section(path, "train", TrainParams, {"compile": False, "seed": 0})
    assert train.compile is False
    assert train.seed == 0


def test_impossible_value_that_is_given_is_an_error_that_names_the_key(valid: Path) -> None:
    assert "metrics.k is 0" in error_of(valid, k=0)


def test_what_is_given_does_not_mend_a_missing_section(tmp_path: Path) -> None:
    path = write_params(tmp_path, {"train": repository_values()["train"]})
    message = error_of(path, k=3, bootstrap_samples=100)
    assert message == f"{path}: key metrics is missing: add it"


def test_missing_and_unknown_keys_are_named_with_their_section(tmp_path: Path) -> None:
    path = write_params(tmp_path, {"metrics": {"kk": 3, "bootstrap_samples": 100}})
    said = f"{path}: unknown key metrics.kk; did you mean k?"
    assert error_of(path) == said  # and not that k is missing
    path = write_params(tmp_path, {"metrics": {"bootstrap_samples": 100}})
    assert error_of(path) == f"{path}: key metrics.k is missing: add it"


def test_key_within_a_key_is_named_with_all_its_dots(tmp_path: Path) -> None:
    variants = {"a": {"objective": "hybrid", "reconstruction_weight": "high"}}
    path = write_params(tmp_path, classifier={"variants": variants})
    message = error_of(path, "classifier", ClassifierParams)
    assert message.startswith(
        f"{path}: classifier.variants.a.reconstruction_weight is 'high': input should be"
    )
