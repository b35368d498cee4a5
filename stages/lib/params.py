"""params.yaml as frozen, validated sections, one per stage.

The whole file is checked whenever any stage reads it, so that a misspelt key is found by the
first stage that runs. Science code never sees these classes: a stage hands it plain keywords.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML

from stages.lib.errors import InputError
from stages.lib.sections import Device, Fraction, Positive, Section, Seed, TrainingSection
from stages.lib.variants import ClassifierParams, Variant, objectives_of

DatasetName = Literal[
    "digits", "mnist", "fashion_mnist", "kmnist", "emnist_digits", "cifar10", "folder"
]
# How many classes a data set has; those of a folder are counted in it.
CLASSES: dict[DatasetName, int] = {name: 10 for name in get_args(DatasetName) if name != "folder"}


class DataParams(Section):
    """Which images, and the side length in pixels that they are brought to."""

    name: DatasetName
    path: str | None
    image_size: Annotated[int, Field(ge=8, le=512, multiple_of=4)]

    @model_validator(mode="after")
    def _path_is_of_a_folder(self) -> Self:
        if self.name == "folder" and not self.path:
            raise ValueError(
                "data.name is folder, which needs data.path: set it to the folder of the images"
            )
        if self.name != "folder" and self.path is not None:
            raise ValueError(
                f"data.path is {self.path!r}, but data.name is {self.name}: set data.path to null,"
                " or data.name to folder"
            )
        return self


class SplitParams(Section):
    """Which classes are normal, and how the images are divided."""

    protocol: Literal["one_class", "open_60_20_20"]
    normal_classes: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    validation_fraction: Fraction
    test_fraction: Fraction
    seed: Seed

    @model_validator(mode="after")
    def _classes_are_distinct(self) -> Self:
        if len(set(self.normal_classes)) < len(self.normal_classes):
            raise ValueError(f"split.normal_classes names a class twice: {self.normal_classes}")
        return self


class TrainParams(TrainingSection):
    """The autoencoder and how it is trained."""

    network: Literal["lsa", "dense", "fully_convolutional", "vae", "pca"]
    from_checkpoint: str | None
    code_length: Positive
    noise_std: Annotated[float, Field(ge=0)]
    keep_epochs: list[Positive]

    @model_validator(mode="after")
    def _noise_has_a_training(self) -> Self:
        if self.network == "pca" and self.noise_std > 0:
            raise ValueError(
                f"train.noise_std is {self.noise_std:g}, but train.network pca is found in closed"
                " form, without training: set train.noise_std to 0.0"
            )
        return self


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("twice", "a value stands there twice: remove one")
    return values


Distinct = AfterValidator(_distinct)
Names = Annotated[list[str], Field(min_length=1), Distinct]


class MapsParams(Section):
    """Which maps of the test images are computed, and how many images at a time."""

    methods: Names
    batch_size: Positive
    device: Device


class PlantParams(Section):
    """Which novelties are planted into normal images, and into how many."""

    kinds: Names
    sizes: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1), Distinct]
    intensities: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1), Distinct]
    validation_images: Positive
    test_images: Positive
    seed: Seed


class LocalizeParams(Section):
    """Which maps are asked for the planted novelties, and how."""

    methods: Names
    blurs: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1), Distinct]
    false_positive_rate: Fraction
    seed: Seed

    @model_validator(mode="after")
    def _reference_is_there(self) -> Self:
        _require_both(self.methods, section="localize")
        return self


class FaithfulnessParams(Section):
    """Which maps are asked whether they are true to the network, on how many images."""

    methods: Names
    images: Positive
    steps: Positive
    seed: Seed

    @model_validator(mode="after")
    def _reference_is_there(self) -> Self:
        _require_both(self.methods, section="faithfulness")
        return self


def _require_both(methods: Names, *, section: str) -> None:
    for method in ("reconstruction_error", "saliency"):
        if method not in methods:
            raise ValueError(f"{section}.methods lacks {method}, which is compared: add it")


class DetectParams(Section):
    """The oracles, and how many labelled anomalies they see beside all of them."""

    trees: Positive
    control_trees: Positive
    labelled_anomalies: list[Positive]
    seed: Seed


class MetricsParams(Section):
    """The headline K and the bootstrap."""

    k: Positive
    bootstrap_samples: Annotated[int, Field(ge=100)]
    seed: Seed


class PlotsParams(Section):
    """Style of the figures."""

    examples: Positive
    colormap: str
    dpi: Annotated[int, Field(ge=30, le=1200)]
    seed: Seed


class Params(Section):
    """All of params.yaml."""

    data: DataParams
    split: SplitParams
    train: TrainParams
    maps: MapsParams
    plant: PlantParams
    localize: LocalizeParams
    faithfulness: FaithfulnessParams
    classifier: ClassifierParams
    detect: DetectParams
    metrics: MetricsParams
    plots: PlotsParams

    @model_validator(mode="after")
    def _numbers_of_pixels_fit_the_image(self) -> Self:
        pixels = self.data.image_size**2
        if self.metrics.k > pixels:
            raise ValueError(
                f"metrics.k is {self.metrics.k}, but an image of data.image_size"
                f" {self.data.image_size} has {pixels} pixels: lower metrics.k"
            )
        if self.faithfulness.steps > pixels:
            raise ValueError(
                f"faithfulness.steps is {self.faithfulness.steps}, but an image of data.image_size"
                f" {self.data.image_size} has {pixels} pixels: lower faithfulness.steps"
            )
        return self


# An override that sets a key to null, as None cannot.
NULL: Any = object()


def load_params(path: Path, **overrides: dict[str, Any]) -> Params:
    """Read and validate a parameter file.

    Args:
        path: YAML file with exactly the keys of `Params`.
        **overrides: Per section, the values that the command line gives; None means not given,
            and NULL null.

    Returns:
        The validated parameters.

    Raises:
        InputError: The file cannot be read, or a key is unknown, missing, of the wrong type or
            impossible; the message names the key with its dots.
    """
    values = _read_yaml(path)
    for section, given in overrides.items():
        kept = {
            key: None if value is NULL else value
            for key, value in given.items()
            if value is not None
        }
        if isinstance(values.get(section), dict):
            values[section] = {**values[section], **kept}
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        # A misspelt key is also a missing one: tell of the misspelling.
        errors = sorted(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
        raise InputError(f"{path}: {_explain(errors[0])}") from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{path} does not exist: run from the project's folder or give --params"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error.reason}): save it as UTF-8") from None
    return parse_yaml(text, source=str(path))


def parse_yaml(text: str, *, source: str) -> dict[str, Any]:
    """Sections of a parameter file's text, not yet validated.

    Raises:
        InputError: The text is not YAML or holds no sections.
    """
    try:
        # YAML 1.2, as DVC writes it: there `1e-05` is a number.
        values = YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # the reader lets ValueError and RecursionError through
        reason = " ".join(str(error).split("To suppress")[0].split())
        raise InputError(f"{source} is not valid YAML: {reason}") from None
    if not isinstance(values, dict):
        raise InputError(f"{source} holds no sections: it needs {', '.join(Params.model_fields)}")
    return values


def _explain(error: ErrorDetails) -> str:
    # A variant's place in the parsed file has its objective after its name; no key is called so.
    location = tuple(part for i, part in enumerate(error["loc"]) if i != _OBJECTIVE_DEPTH)
    dotted = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        known = _known_keys(location[:-1], error["loc"])
        close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
        return f"unknown key {dotted}; {hint}"
    if error["type"] == "missing":
        return f"key {dotted} is missing: add it"
    if error["type"].startswith("union_tag"):
        known = [tag for kind in Variant.__subclasses__() for tag in objectives_of(kind)]
        return f"{dotted} needs an objective, one of {', '.join(known)}; it is {error['input']!r}"
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return reason
    return f"{dotted} is {error['input']!r}: {reason[0].lower()}{reason[1:]}"


_OBJECTIVE_DEPTH = 3


def _known_keys(section: tuple[int | str, ...], location: tuple[int | str, ...]) -> list[str]:
    if not section:
        return list(Params.model_fields)
    if len(section) == _OBJECTIVE_DEPTH:
        (variant,) = (
            kind
            for kind in Variant.__subclasses__()
            if location[_OBJECTIVE_DEPTH] in objectives_of(kind)
        )
        return list(variant.model_fields)
    model = Params.model_fields[str(section[0])].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return list(model.model_fields)
