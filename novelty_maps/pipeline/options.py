"""Sections of params.yaml as options of a command, from the fields' own descriptions.

A stage is a function of the sections that it reads:

    def main(metrics: MetricsParams, maps: Annotated[MapsParams, reads("device")]) -> None: ...

`from_sections(main)` has an option for each of their keys, which overrides the file that `--params`
names. Of two sections with a key of the same name, the first has the option.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import typer
from pydantic.fields import FieldInfo

from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import PARAMS
from novelty_maps.pipeline.section import Section, load_section

ParamsFile = Annotated[
    Path, typer.Option("--params", help="Parameter file; options given here override it.")
]


class Read(NamedTuple):
    """A section that a command reads.

    Attributes:
        name: Its name in the file.
        kind: What it holds.
        keys: The keys that the command reads.
        options: Those of them that are options.
    """

    name: str
    kind: type[Section]
    keys: tuple[str, ...]
    options: tuple[str, ...]


@dataclass(frozen=True)
class reads:  # noqa: N801  (stands in annotations, where it reads as a verb)
    """The only keys of a section that a command reads; all without it.

    Args:
        *keys: Those that are options too.
        as_made: Those that say how an earlier stage made its outputs, and so are none.
    """

    keys: tuple[str, ...]
    as_made: tuple[str, ...]

    def __init__(self, *keys: str, as_made: tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "as_made", as_made)


def sections_of(main: Callable[..., None]) -> dict[str, Read]:
    """The parameters of a command that are sections, by their names, which are the sections'."""
    found = {}
    for name, hint in get_type_hints(main, include_extras=True).items():
        kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if isinstance(kind, type) and issubclass(kind, Section):
            every = reads(*kind.model_fields)
            only = next((note for note in notes if isinstance(note, reads)), every)
            found[name] = Read(name, kind, only.keys + only.as_made, only.keys)
    return found


def from_sections(main: Callable[..., None]) -> Callable[..., None]:
    """A command with an option for each key that a stage reads.

    Args:
        main: A function some of whose parameters are sections; the others stay as they are.
    """
    sections = sections_of(main)
    options: dict[str, tuple[str, inspect.Parameter]] = {}
    for name, read in sections.items():
        for key in read.options:
            option = _option(key, read.kind.model_fields[key])
            if option is not None:
                options.setdefault(key, (name, option))

    @functools.wraps(main)
    def command(params: Path, **given: Any) -> None:
        values: dict[str, dict[str, Any]] = {name: {} for name in sections}
        for key, (name, _) in options.items():
            values[name][key] = _value(given.pop(key), sections[name].kind.model_fields[key])
        loaded = {
            name: load_section(params, name, read.kind, values[name])
            for name, read in sections.items()
        }
        main(**given, **loaded)

    own = inspect.signature(main, eval_str=True).parameters.values()
    every = [
        *(_keyword(p.name, p.annotation, p.default) for p in own if p.name not in sections),
        *(option for _, option in options.values()),
        _keyword("params", ParamsFile, PARAMS),
    ]
    command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in every}
    return command


def _option(key: str, field: FieldInfo) -> inspect.Parameter | None:
    """The option of a key; None for one that holds no single value and no list."""
    kind = _plain(field.annotation)
    if kind is dict:
        return None
    shown: Any = str if isinstance(kind, tuple) else kind
    text = field.description or ""
    if isinstance(kind, tuple):
        text += " Separated by commas."
    return _keyword(key, Annotated[shown | None, typer.Option(help=text)], None)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _plain(annotation: Any) -> Any:
    """int, float, bool, str or dict; (list, types that its elements may have) for a list."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin is Literal:
        return str
    if origin is list:
        (element,) = get_args(annotation)
        union = get_args(element) if get_origin(element) in (Union, UnionType) else (element,)
        return (list, *map(_plain, union))
    if origin is dict:
        return dict
    alternatives = [kind for kind in get_args(annotation) if kind is not type(None)]
    return _plain(alternatives[0]) if alternatives else annotation


def _value(given: Any, field: FieldInfo) -> Any:
    """What was given for a key, a list in its parts; None stays None."""
    kind = _plain(field.annotation)
    if given is None or not isinstance(kind, tuple):
        return given
    first, *others = kind[1:]
    elements = []
    for part in given.split(","):
        try:
            elements.append(first(part))
        except ValueError:
            if str not in others:
                example = "0,1,2" if first is int else "0.2,0.5"
                what = "integers" if first is int else "numbers"
                raise InputError(
                    f"{given!r} is no list of {what}: write it like {example}"
                ) from None
            elements.append(part.strip(" \"'"))
    return elements
