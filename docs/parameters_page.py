"""The page of parameters: every key, its value in params.yaml and what else it may be.

All is taken from the sections in `novelty_maps/params` and from params.yaml, so that nothing stands
here twice. Schemas are pydantic's JSON schemas.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from novelty_maps.params.classifier import Variant
from novelty_maps.params.whole import Params
from novelty_maps.pipeline.section import read_yaml

Schema = Mapping[str, Any]

_KINDS = {"integer": "integer", "number": "number", "string": "text", "boolean": "true or false"}
_LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "multipleOf": "a multiple of {}",
}


def allowed(schema: Schema) -> str:
    """What a value may be, in words.

    Args:
        schema: Of a key that holds a value or a list of values.
    """
    if "anyOf" in schema:
        return " or ".join(map(allowed, schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    match schema["type"]:
        case "null":
            return "`null`"
        case "array":
            return f"list of: {allowed(schema['items'])}"
        case "object":
            return "a [network](#networks-of-classifier-variants) by each name"
        case kind:
            limits = [text.format(schema[key]) for key, text in _LIMITS.items() if key in schema]
            return " ".join([_KINDS[kind], ", ".join(limits)]).strip()


def written(value: Any) -> str:
    """A value as params.yaml may have it, as code; of a mapping the names alone."""
    if isinstance(value, Mapping):
        return ", ".join(f"`{name}`" for name in value)
    return f"`{json.dumps(value, ensure_ascii=False)}`".replace('"', "")


def render(params: Path) -> str:
    """The tables in Markdown, a heading each section.

    Args:
        params: params.yaml, which is valid.
    """
    values = read_yaml(params)
    return "\n".join(line for name in values for line in _section(name, values[name])) + "\n"


def _section(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    kind = Params.model_fields[name].annotation
    assert kind is not None
    schema = kind.model_json_schema()
    yield from (f"## `{name}`", "", schema["description"], "")
    yield from ("| key | here | may be | |", "|---|---|---|---|")
    for key, value in values.items():
        field = schema["properties"][key]
        said = field.get("description", "")
        yield f"| `{name}.{key}` | {written(value)} | {allowed(field)} | {said} |"
    yield ""
    if name == "classifier":
        yield from _networks()


def _networks() -> Iterator[str]:
    """Objectives that a network of `classifier.variants` may have, and the settings of each."""
    yield from ("### Networks of `classifier.variants`", "")
    yield "[What each is](usage.md#networks-for-representation). Every network may have a seed"
    yield from ("and a learning rate of its own.", "")
    yield from ("| `objective` | | its settings |", "|---|---|---|")
    for kind in Variant.__subclasses__():
        schema = kind.model_json_schema()
        own = {
            key: field
            for key, field in schema["properties"].items()
            if key not in Variant.model_fields
        }
        settings = "; ".join(_setting(key, field) for key, field in own.items())
        objective = allowed(schema["properties"]["objective"])
        yield f"| {objective} | {schema['description']} | {settings} |"
    yield ""


def _setting(key: str, field: Schema) -> str:
    default = f", {written(field['default'])} without" if "default" in field else ""
    return f"`{key}`: {allowed(field)}{default}"
