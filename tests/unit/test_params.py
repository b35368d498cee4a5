"""params.yaml: what is valid is taken as it stands, what is not is one error naming the key."""

import re
from pathlib import Path
from typing import Any, get_args

import pydantic
import pytest
from ruamel.yaml import YAML

from stages.lib.errors import InputError
from stages.lib.params import CLASSES, DatasetName, load_params
from stages.lib.splits import require_classes

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, values: Any) -> Path:
    path = folder / "params.yaml"
    YAML().dump(values, path)
    return path


def repository_values() -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / "params.yaml")
    return values


def error_of(path: Path, **overrides: dict[str, Any]) -> str:
    """The message of the InputError that loading a file raises."""
    with pytest.raises(InputError) as caught:
        load_params(path, **overrides)
    assert type(caught.value) is InputError
    return str(caught.value)


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    """A copy of the repository's file, for a test to damage."""
    return write(tmp_path, repository_values())


def test_params_of_the_repository_are_valid() -> None:
    params = load_params(ROOT / "params.yaml")
    assert params.model_dump(exclude_unset=True) == repository_values()
    require_classes(params.split.normal_classes, CLASSES[params.data.name])


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
        ("split", "normal_classes", [0, "b"], "split.normal_classes.1 is 'b'"),
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
        ("localize", "methods", [], "localize.methods is []"),
        ("localize", "blurs", [], "localize.blurs is []"),
        ("localize", "blurs", [-1], "localize.blurs.0 is -1"),
        ("localize", "false_positive_rate", 0.0, "localize.false_positive_rate is 0.0"),
        ("localize", "false_positive_rate", 1.0, "localize.false_positive_rate is 1.0"),
        ("faithfulness", "methods", [], "faithfulness.methods is []"),
        ("faithfulness", "steps", 0, "faithfulness.steps is 0"),
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
    assert f"params.yaml: {said}" in error_of(write(tmp_path, values))


def test_class_that_is_normal_twice_is_an_error_that_names_the_dotted_key(tmp_path: Path) -> None:
    values = repository_values()
    values["split"]["normal_classes"] = [0, 1, 0]
    message = error_of(write(tmp_path, values))
    assert "params.yaml: split.normal_classes names a class twice: [0, 1, 0]" in message


@pytest.mark.parametrize("path", [None, ""])
def test_folder_without_a_path_is_an_error_that_names_the_missing_key(
    tmp_path: Path, path: str | None
) -> None:
    values = repository_values()
    values["data"] |= {"name": "folder", "path": path}
    message = error_of(write(tmp_path, values))
    assert "params.yaml: data.name is folder, which needs data.path" in message


def test_path_beside_another_data_set_is_an_error_that_names_both(tmp_path: Path) -> None:
    values = repository_values()
    values["data"] |= {"name": "mnist", "path": "/images"}
    message = error_of(write(tmp_path, values))
    assert "params.yaml: data.path is '/images', but data.name is mnist" in message
    assert "null" in message


def test_path_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    values = repository_values()
    values["data"] |= {"name": "folder", "path": 5}
    assert "params.yaml: data.path is 5" in error_of(write(tmp_path, values))


def test_folder_and_path_of_the_command_line_go_together(valid: Path) -> None:
    data = load_params(valid, data={"name": "folder", "path": "/images"}).data
    assert (data.name, data.path) == ("folder", "/images")


def test_every_data_set_but_a_folder_has_a_known_number_of_classes() -> None:
    assert set(CLASSES) == set(get_args(DatasetName)) - {"folder"}


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("maps", "methods"),
        ("plant", "kinds"),
        ("plant", "sizes"),
        ("plant", "intensities"),
        ("localize", "methods"),
        ("localize", "blurs"),
        ("faithfulness", "methods"),
    ],
)
def test_value_that_is_listed_twice_is_an_error_that_names_the_dotted_key(
    tmp_path: Path, section: str, key: str
) -> None:
    values = repository_values()
    values[section][key] += values[section][key][:1]
    said = f"params.yaml: {section}.{key} is {values[section][key]}: a value stands there twice"
    assert said in error_of(write(tmp_path, values))


@pytest.mark.parametrize("method", ["reconstruction_error", "saliency"])
def test_localization_without_a_compared_map_is_an_error_that_names_it(
    tmp_path: Path, method: str
) -> None:
    values = repository_values()
    values["localize"]["methods"].remove(method)
    message = error_of(write(tmp_path, values))
    assert f"params.yaml: localize.methods lacks {method}, which is compared" in message


def test_noise_in_a_network_without_training_is_an_error_that_names_both(valid: Path) -> None:
    message = error_of(valid, train={"network": "pca", "noise_std": 0.1})
    assert "params.yaml: train.noise_std is 0.1, but train.network pca is found in" in message
    for network, noise_std in (("pca", 0.0), ("vae", 0.1)):
        train = load_params(valid, train={"network": network, "noise_std": noise_std}).train
        assert (train.network, train.noise_std) == (network, noise_std)


def test_shares_reach_up_to_the_whole(valid: Path) -> None:
    plant = load_params(valid, plant={"sizes": [1, 0.01], "intensities": [1.0]}).plant
    assert (plant.sizes, plant.intensities) == ([1.0, 0.01], [1.0])


def test_largest_possible_k_is_every_pixel(tmp_path: Path) -> None:
    values = repository_values()
    values["data"]["image_size"] = 8
    values["metrics"]["k"] = 64
    assert load_params(write(tmp_path, values)).metrics.k == 64
    values["metrics"]["k"] = 65
    message = error_of(write(tmp_path, values))
    assert "metrics.k is 65" in message
    assert "data.image_size 8 has 64 pixels" in message


@pytest.mark.parametrize(
    ("section", "misspelt", "meant"),
    [
        ("metrics", "kk", "k"),
        ("train", "learning_rat", "learning_rate"),
        ("split", "normal_class", "normal_classes"),
        ("plant", "intensity", "intensities"),
        ("localize", "blur", "blurs"),
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
    assert said in error_of(write(tmp_path, values))


def test_unknown_key_like_no_other_is_an_error_that_lists_the_known_ones(tmp_path: Path) -> None:
    values = repository_values()
    values["maps"]["zzz"] = 1
    message = error_of(write(tmp_path, values))
    assert "unknown key maps.zzz; known keys: methods, batch_size, device" in message


def test_unknown_section_is_an_error_that_suggests_the_right_one(tmp_path: Path) -> None:
    values = repository_values()
    values["metric"] = {"k": 3}
    message = error_of(write(tmp_path, values))
    assert "unknown key metric; did you mean metrics?" in message


@pytest.mark.parametrize(
    ("section", "key"),
    [(section, key) for section, keys in repository_values().items() for key in keys],
)
def test_missing_key_is_an_error_that_names_it(tmp_path: Path, section: str, key: str) -> None:
    values = repository_values()
    del values[section][key]
    assert f"key {section}.{key} is missing" in error_of(write(tmp_path, values))


@pytest.mark.parametrize("section", repository_values())
def test_missing_section_is_an_error_that_names_it(tmp_path: Path, section: str) -> None:
    values = repository_values()
    del values[section]
    assert f"key {section} is missing" in error_of(write(tmp_path, values))


@pytest.mark.parametrize("content", [None, 3, ["k", 10]])
def test_section_that_is_no_section_is_an_error_that_names_it(tmp_path: Path, content: Any) -> None:
    values: dict[str, Any] = repository_values()
    values["metrics"] = content
    message = error_of(write(tmp_path, values), metrics={"k": 3})
    assert f"metrics is {content!r}" in message


def test_small_number_without_a_point_is_a_number(valid: Path) -> None:
    # YAML 1.1 takes 1e-05 for a string; YAML 1.2, in which DVC writes, does not.
    valid.write_text(valid.read_text().replace("learning_rate: 0.001", "learning_rate: 1e-05"))
    assert load_params(valid).train.learning_rate == 1e-5


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
    "value", ["2024-13-45", "!!int ten", "1" + "0" * 5000, "[" * 2000], ids=lambda v: v[:10]
)
def test_value_that_yaml_cannot_make_is_an_input_error(valid: Path, value: str) -> None:
    valid.write_text(re.sub(r"k: 10\b", f"k: {value}", valid.read_text()))
    assert str(valid) in error_of(valid)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "[1, 2]", "word", "null"])
def test_file_without_sections_is_an_error_that_lists_them(valid: Path, text: str) -> None:
    valid.write_text(text)
    message = error_of(valid)
    assert f"{valid} holds no sections" in message
    assert f"it needs {', '.join(repository_values())}" in message


def test_file_in_another_encoding_is_an_error_that_names_it(valid: Path) -> None:
    valid.write_bytes(valid.read_bytes() + "# Größe\n".encode("latin-1"))
    assert f"{valid} is not UTF-8 text" in error_of(valid)


def test_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "absent.yaml"
    assert f"{path} does not exist" in error_of(path)


def test_overrides_replace_the_values_of_the_file(valid: Path) -> None:
    params = load_params(valid, metrics={"k": 3}, split={"normal_classes": [7]})
    expected = repository_values()
    expected["metrics"]["k"] = 3
    expected["split"]["normal_classes"] = [7]
    assert params.model_dump(exclude_unset=True) == expected


def test_override_of_none_means_not_given(valid: Path) -> None:
    assert load_params(valid, metrics={"k": None, "seed": None}) == load_params(valid)


def test_false_and_zero_are_given_overrides(valid: Path) -> None:
    values = repository_values()
    values["train"]["compile"] = True
    values["split"]["seed"] = 5
    path = write(valid.parent, values)
    params = load_params(path, train={"compile": False}, split={"seed": 0})
    assert params.train.compile is False
    assert params.split.seed == 0


def test_bad_override_is_an_error_that_names_the_key(valid: Path) -> None:
    assert "metrics.k is 0" in error_of(valid, metrics={"k": 0})
    assert "metrics.k is 785" in error_of(valid, metrics={"k": 785})


def test_override_does_not_mend_a_missing_section(tmp_path: Path) -> None:
    values = repository_values()
    del values["metrics"]
    assert "key metrics is missing" in error_of(write(tmp_path, values), metrics={"k": 3})


def test_sections_cannot_be_changed_once_loaded() -> None:
    params = load_params(ROOT / "params.yaml")
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        params.metrics.k = 3  # type: ignore[misc]
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        params.metrics = params.metrics  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        ({}, "classifier.variants is {}"),
        ({"a": {}}, "classifier.variants.a needs an objective, one of nominal, all_classes, gen"),
        ({"a": {"objective": "hybird"}}, "classifier.variants.a needs an objective, one of"),
        (
            {"a": {"objective": "nominal", "sed": 1}},
            "unknown key classifier.variants.a.sed; did you mean seed?",
        ),
        (
            {"a": {"objective": "hybrid", "reduction": "mean"}},
            "key classifier.variants.a.reconstruction_weight is missing",
        ),
        (
            {"a": {"objective": "hybrid", "reduction": "max", "reconstruction_weight": 1.0}},
            "classifier.variants.a.reduction is 'max'",
        ),
        ({"autoencoder": {"objective": "nominal"}}, "names another representation: rename it"),
        (
            {
                "a": {"objective": "nominal"},
                "b": {"objective": "nominal", "seed": 9},
                "a_ensemble": {"objective": "all_classes"},
            },
            "classifier.variants has a_ensemble, which names another representation",
        ),
        ({"a.b": {"objective": "nominal"}}, "classifier.variants.a.b"),
    ],
)
def test_impossible_variant_is_named(valid: Path, variants: dict[str, Any], said: str) -> None:
    assert said in error_of(valid, classifier={"variants": variants})


def test_variants_that_differ_in_seed_alone_form_an_ensemble(valid: Path) -> None:
    hybrid = {"objective": "hybrid", "reconstruction_weight": 1.0, "reduction": "mean"}
    variants = {
        "first": {"objective": "nominal"},
        "light": hybrid,
        "second": {"objective": "nominal", "seed": 1},
        "same": {"objective": "nominal", "seed": 0},
        "heavy": {**hybrid, "reconstruction_weight": 2.0},
    }
    classifier = load_params(valid, classifier={"variants": variants, "seed": 0}).classifier
    assert classifier.ensembles() == {"first_ensemble": ["first", "second"]}
    assert [classifier.seed_of(name) for name in variants] == [0, 0, 1, 0, 0]
    del variants["second"]
    classifier = load_params(valid, classifier={"variants": variants, "seed": 0}).classifier
    assert classifier.ensembles() == {}  # two of the same network are no ensemble
