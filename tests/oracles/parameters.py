"""The repository's params.yaml, for a test to change."""

import functools
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML

from novelty_maps.pipeline.section import Section

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"
AnySection = TypeVar("AnySection", bound=Section)


def repository_values() -> dict[str, dict[str, Any]]:
    """All sections as plain values, a fresh copy."""
    return deepcopy(_values())


@functools.cache
def _values() -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = YAML(typ="safe").load(PARAMS)
    return values


def write_params(folder: Path, values: Any | None = None, **changes: dict[str, Any]) -> Path:
    """A parameter file of these values, by default the repository's with some keys changed."""
    values = repository_values() if values is None else values
    for name, changed in changes.items():
        values[name] |= changed
    path = folder / "params.yaml"
    YAML().dump(values, path)
    return path


def section(kind: type[AnySection], name: str, /, **changes: Any) -> AnySection:
    """One section of the repository's file with some keys changed."""
    return kind.model_validate(repository_values()[name] | changes)
