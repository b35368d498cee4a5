"""params.yaml as a whole: valid as it stands, or one error that names the key."""

from pathlib import Path
from typing import Any

import pydantic
import pytest
from oracles.parameters import PARAMS, repository_values, write_params

from novelty_maps.images.splits import class_labels, require_classes
from novelty_maps.params.class_names import CLASSES
from novelty_maps.params.whole import load_params
from novelty_maps.pipeline.errors import InputError


def error_of(path: Path) -> str:
    """The message of the InputError that loading a file raises."""
    with pytest.raises(InputError) as caught:
        load_params(path)
    assert type(caught.value) is InputError
    return str(caught.value)


def test_params_of_the_repository_are_valid() -> None:
    params = load_params(PARAMS)
    assert params.model_dump(exclude_unset=True) == repository_values()
    names = CLASSES[params.data.name]
    require_classes(class_labels(params.split.normal_classes, names), len(names))


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("data", "name", "imagenet", "data.name is 'imagenet'"),
        ("data", "image_size", 30, "data.image_size is 30"),
        ("data", "image_size", 4, "data.image_size is 4"),
        ("data", "image_size", "28", "data.image_size is '28'"),
        ("split", "normal_classes", [], "split.normal_classes is []"),
        ("split", "normal_classes", 3, "split.normal_classes is 3"),
        ("split", "normal_classes", [0, -1], "split.normal_classes.1 is -1"),
        ("split", "normal_classes", [0, ""], "split.normal_classes.1 is ''"),
        ("split", "normal_classes", [0, True], "split.normal_classes.1 is True"),
        ("split", "normal_classes", [0, 1.5], "split.normal_classes.1 is 1.5"),
        ("split", "validation_fraction", 0.0, "split.validation_fraction is 0.0"),
        ("split", "test_fraction", 1.0, "split.test_fraction is 1.0"),
        ("split", "seed", -1, "split.seed is -1"),
        ("split", "seed", 2**32, f"split.seed is {2**32}"),
        ("train", "network", "ae", "train.network is 'ae'"),
        ("train", "code_length", 0, "train.code_length is 0"),
        ("train", "learning_rate", "fast", "train.learning_rate is 'fast'"),
        ("train", "learning_rate", float("nan"), "train.learning_rate is nan"),
        ("train", "learning_rate", float("inf"), "train.learning_rate is inf"),
        ("train", "learning_rate", 0.0, "train.learning_rate is 0.0"),
        ("train", "noise_std", -0.1, "train.noise_std is -0.1"),
        ("train", "epochs", 0, "train.epochs is 0"),
        ("train", "epochs", True, "train.epochs is True"),
        ("train", "batch_size", 1, "train.batch_size is 1"),
        ("train", "keep_epochs", [0], "train.keep_epochs.0 is 0"),
        ("train", "compile", "yes", "train.compile is 'yes'"),
        ("train", "precision", "fp16", "train.precision is 'fp16'"),
        ("train", "device", "gpu", "train.device is 'gpu'"),
        ("maps", "methods", [], "maps.methods is []"),
        ("maps", "methods", ["saliency", 3], "maps.methods.1 is 3"),
        ("maps", "batch_size", None, "maps.batch_size is None"),
        ("plant", "kinds", [], "plant.kinds is []"),
        ("plant", "sizes", [], "plant.sizes is []"),
        ("plant", "sizes", [0.2, 0.0], "plant.sizes.1 is 0.0"),
        ("plant", "sizes", [1.01], "plant.sizes.0 is 1.01"),
        ("plant", "sizes", [float("nan")], "plant.sizes.0 is nan"),
        ("plant", "sizes", 0.2, "plant.sizes is 0.2"),
        ("plant", "intensities", [], "plant.intensities is []"),
        ("plant", "intensities", [-0.3], "plant.intensities.0 is -0.3"),
        ("plant", "intensities", [0.3, 1.5], "plant.intensities.1 is 1.5"),
        ("plant", "test_images", 0, "plant.test_images is 0"),
        ("localization", "methods", [], "localization.methods is []"),
        ("localization", "blurs", [], "localization.blurs is []"),
        ("localization", "blurs", [-1], "localization.blurs.0 is -1"),
        ("localization", "false_positive_rate", 0.0, "localization.false_positive_rate is 0.0"),
        ("localization", "false_positive_rate", 1.0, "localization.false_positive_rate is 1.0"),
        ("faithfulness", "methods", [], "faithfulness.methods is []"),
        ("faithfulness", "steps", 0, "faithfulness.steps is 0"),
        ("faithfulness", "draws", 0, "faithfulness.draws is 0"),
        ("metrics", "k", 0, "metrics.k is 0"),
        ("metrics", "k", 10.0, "metrics.k is 10.0"),
        ("metrics", "k", 10.5, "metrics.k is 10.5"),
        ("metrics", "k", True, "metrics.k is True"),
        ("metrics", "k", 785, "metrics.k is 785"),
        ("metrics", "bootstrap_samples", 99, "metrics.bootstrap_samples is 99"),
        ("plots", "dpi", 10, "plots.dpi is 10"),
    ],
)
def test_bad_value_is_an_error_that_names_key_and_value(
    tmp_path: Path, section: str, key: str, value: Any, said: str
) -> None:
    values = repository_values()
    values[section][key] = value
    assert f"params.yaml: {said}" in error_of(write_params(tmp_path, values))


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("maps", "methods"),
        ("plant", "kinds"),
        ("plant", "sizes"),
        ("plant", "intensities"),
        ("localization", "methods"),
        ("localization", "blurs"),
        ("faithfulness", "methods"),
        ("representation", "others"),
    ],
)
def test_value_that_is_listed_twice_is_an_error_that_names_the_dotted_key(
    tmp_path: Path, section: str, key: str
) -> None:
    values = repository_values()
    values[section][key] += values[section][key][:1]
    said = f"params.yaml: {section}.{key} is {values[section][key]}: a value stands there twice"
    assert said in error_of(write_params(tmp_path, values))


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({}, None),
        ({"keep_epochs": [1, 2]}, "keeps 1, 2 of 40 epochs: add it there"),
        ({"keep_epochs": []}, "keeps none of 40 epochs: add it there"),
        ({"epochs": 6}, "keeps 1, 2, 5 of 6 epochs: add it there"),
        ({"network": "pca"}, "this network is not trained: set localization.epoch to null"),
        ({"from_checkpoint": "x.pt"}, "this network is not trained: set localization.epoch"),
    ],
)
def test_epoch_that_is_asked_for_novelties_is_kept(
    tmp_path: Path, train: dict[str, Any], said: str | None
) -> None:
    values = repository_values()
    values["train"] |= train
    load_params(write_params(tmp_path, values))
    values["localization"]["epoch"] = 20
    if said is None:
        assert load_params(write_params(tmp_path, values)).localization.epoch == 20
    else:
        message = error_of(write_params(tmp_path, values))
        assert "localization.epoch is 20, but " in message
        assert said in message


def test_largest_possible_k_is_every_pixel(tmp_path: Path) -> None:
    values = repository_values()
    values["data"]["image_size"] = 8
    values["metrics"]["k"] = 64
    assert load_params(write_params(tmp_path, values)).metrics.k == 64
    values["metrics"]["k"] = 65
    message = error_of(write_params(tmp_path, values))
    assert "metrics.k is 65" in message
    assert "data.image_size 8 has 64 pixels" in message


@pytest.mark.parametrize(
    ("section", "misspelt", "meant"),
    [
        ("metrics", "kk", "k"),
        ("train", "learning_rat", "learning_rate"),
        ("split", "normal_class", "normal_classes"),
        ("plant", "intensity", "intensities"),
        ("localization", "blur", "blurs"),
        ("faithfulness", "step", "steps"),
    ],
)
def test_misspelt_key_is_an_error_that_suggests_the_right_one(
    tmp_path: Path, section: str, misspelt: str, meant: str
) -> None:
    values = repository_values()
    values[section][misspelt] = values[section].pop(meant)
    values[section][meant] = values[section][misspelt]
    said = f"unknown key {section}.{misspelt}; did you mean {meant}?"
    assert said in error_of(write_params(tmp_path, values))


def test_unknown_key_like_no_other_is_an_error_that_lists_the_known_ones(tmp_path: Path) -> None:
    values = repository_values()
    values["maps"]["zzz"] = 1
    message = error_of(write_params(tmp_path, values))
    assert "unknown key maps.zzz; known keys: methods, batch_size, device" in message


def test_unknown_section_is_an_error_that_suggests_the_right_one(tmp_path: Path) -> None:
    values = repository_values()
    values["metric"] = {"k": 3}
    message = error_of(write_params(tmp_path, values))
    assert "unknown key metric; did you mean metrics?" in message


@pytest.mark.parametrize(
    ("section", "key"),
    [(section, key) for section, keys in repository_values().items() for key in keys],
)
def test_missing_key_is_an_error_that_names_it(tmp_path: Path, section: str, key: str) -> None:
    values = repository_values()
    del values[section][key]
    assert f"key {section}.{key} is missing" in error_of(write_params(tmp_path, values))


@pytest.mark.parametrize("section", repository_values())
def test_missing_section_is_an_error_that_names_it(tmp_path: Path, section: str) -> None:
    values = repository_values()
    del values[section]
    assert f"key {section} is missing" in error_of(write_params(tmp_path, values))


def test_sections_cannot_be_changed_once_loaded() -> None:
    params = load_params(PARAMS)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        params.metrics.k = 3  # type: ignore[misc]
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        params.metrics = params.metrics  # type: ignore[misc]


def test_more_steps_than_pixels_are_an_error_that_names_both(tmp_path: Path) -> None:
    path = write_params(
        tmp_path, data={"image_size": 8}, faithfulness={"steps": 65}, metrics={"k": 1}
    )
    message = error_of(path)
    assert "faithfulness.steps is 65, but an image of data.image_size 8 has 64 pixels" in message


@pytest.mark.parametrize("content", [None, 3, ["k", 10]])
def test_section_that_is_no_section_is_an_error_that_names_it(tmp_path: Path, content: Any) -> None:
    values: dict[str, Any] = repository_values()
    values["metrics"] = content
    assert f"metrics is {content!r}" in error_of(write_params(tmp_path, values))


@pytest.mark.parametrize("text", ["", "data: [", "word"])
def test_file_without_sections_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert error_of(path).startswith(str(path))
