"""What a section of params.yaml is made of, and how one is read.

A stage reads its own sections alone, so that it depends on no other section's code. Keys of other
sections, and what must hold between sections, are looked at by `params.whole`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML

from novelty_maps.pipeline.errors import InputError, did_you_mean


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("twice", "a value stands there twice: remove one")
    return values


Device = Literal["auto", "cpu", "cuda"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]
Distinct = AfterValidator(_distinct)
Names = Annotated[list[str], Field(min_length=1), Distinct]


class Section(BaseModel):
    """A section of params.yaml: no unknown keys, no silent conversion, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @classmethod
    def overridden(cls, values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """The values of a file with those that the command line gives."""
        return values | given

    @classmethod
    def keys_at(cls, location: tuple[int | str, ...]) -> list[str]:
        """The keys that are known at a place in the section, () for the section itself."""
        return list(cls.model_fields)


AnySection = TypeVar("AnySection", bound=Section)


def load_section(
    path: Path, name: str, kind: type[AnySection], given: Mapping[str, Any] | None = None
) -> AnySection:
    """Read and validate one section of a parameter file.

    Args:
        path: YAML file with sections.
        name: Name of the section.
        kind: What it must hold.
        given: Values that the command line gives; None means not given.

    Raises:
        InputError: The file cannot be read or lacks the section, or a key of the section is
            unknown, missing, of the wrong type or impossible; the message names the key with its
            dots.
    """
    sections = read_yaml(path)
    if name not in sections:
        raise InputError(f"{path}: key {name} is missing: add it")
    values = sections[name]
    if isinstance(values, dict):
        kept = {key: value for key, value in (given or {}).items() if value is not None}
        values = kind.overridden(values, kept)
    return validated(kind, values, name, source=str(path))


def validated(
    kind: type[AnySection], values: Any, *prefix: str, source: str | None = None
) -> AnySection:
    """A section of these values.

    Args:
        kind: What it must hold.
        values: What was given.
        *prefix: Where the values stand, as of `explain`.
        source: What they were read from, which an error then names first.

    Raises:
        InputError: As of `explain`.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        told = explain(error, kind, values, *prefix)
        raise InputError(told if source is None else f"{source}: {told}") from None


def read_yaml(path: Path) -> dict[str, Any]:
    """Sections of a parameter file, not yet validated.

    Raises:
        InputError: The file cannot be read, is not YAML, or holds no sections.
    """
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
    """Sections of a parameter file's text, as of `read_yaml`."""
    try:
        # YAML 1.2, as DVC writes it: there `1e-05` is a number.
        values = YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # the reader lets ValueError and RecursionError through
        reason = " ".join(str(error).split("To suppress")[0].split())
        raise InputError(f"{source} is not valid YAML: {reason}") from None
    if not isinstance(values, dict):
        raise InputError(f"{source} holds no sections: see params.yaml of the project")
    return values


def explain(found: ValidationError, kind: type[Section], values: Any, *prefix: str) -> str:
    """One line on the first error: the key with its dots, and what to do.

    Args:
        found: What pydantic says of the values.
        kind: What was asked for.
        values: What was given.
        *prefix: Where the values stand in the file.
    """
    # A misspelt key is also a missing one: tell of the misspelling.
    error = min(found.errors(), key=lambda item: item["type"] != "extra_forbidden")
    place = _place(error, values)
    dotted = ".".join(map(str, (*prefix, *place)))
    if error["type"] == "extra_forbidden":
        known = kind.keys_at(error["loc"][:-1])
        return f"unknown key {dotted}; {did_you_mean(str(place[-1]), known, what='keys')}"
    if error["type"] == "missing":
        return f"key {dotted} is missing: add it"
    if error["type"].startswith("union_tag"):
        known = kind.keys_at(error["loc"])
        return f"{dotted} needs an objective, one of {', '.join(known)}; it is {error['input']!r}"
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return reason
    return f"{dotted} is {error['input']!r}: {reason[0].lower()}{reason[1:]}"


def _place(error: ErrorDetails, values: Any) -> list[int | str]:
    """Keys on the way to an error, without the names of alternatives that pydantic puts between."""
    place: list[int | str] = []
    for key in error["loc"]:
        is_place = isinstance(values, list) and isinstance(key, int)
        inside = key in values if isinstance(values, dict) else is_place
        if inside:
            values = values[key]
        named = error["type"] in ("missing", "extra_forbidden") and key == error["loc"][-1]
        if inside or named:
            place.append(key)
    return place
