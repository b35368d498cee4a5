"""Studies: what is asked, and the runs of the pipeline that answer it.

A study is a file in `studies/definitions`. It says in which settings its runs differ from
params.yaml, those that it shares with other studies by their names in `studies/base.yaml`:

    question: agreement
    says: Does it hold over seeds? Five, at the chosen learning rate, K = 5 and 10.
    base: [running, mnist, short]
    set: {train.learning_rate: 0.003}
    sweep: {metrics.k: [5, 10], train.seed: [0, 1, 2, 3, 4]}

A sweep is a run for each combination, the last key fastest: seeds-1, seeds-2 and so on; a single
run has no number. A study of several kinds of runs has `parts`, by name.
"""

import copy
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from novelty_maps.params.whole import Params, validated
from novelty_maps.pipeline.errors import InputError, did_you_mean
from novelty_maps.pipeline.section import Section, explain, read_yaml
from studies.definition import Changes, Definition, Part
from studies.paths import BASE, DEFINITIONS


class Run(NamedTuple):
    """One run of the pipeline.

    Attributes:
        name: Of the DVC experiment.
        settings: Dotted key to value, where it differs from params.yaml.
        dropped: Dotted keys that it lacks.
    """

    name: str
    settings: dict[str, Any]
    dropped: list[str]

    def overrides(self) -> list[str]:
        """What `dvc exp run -S` takes, in Hydra's grammar; ++ sets a key, there or not."""
        values = [
            f"++{key}={json.dumps(value, ensure_ascii=False)}"
            for key, value in _leaves(self.settings)
        ]
        return [f"~{key}" for key in self.dropped] + values

    def params(self, sections: Mapping[str, Any]) -> Params:
        """The parameters of the run.

        Args:
            sections: Those of params.yaml, not yet validated.

        Raises:
            InputError: A key is unknown, or a value impossible.
        """
        changed = copy.deepcopy(dict(sections))
        for key in self.dropped:
            inside, last = self._place(changed, key)
            if last not in inside:
                raise InputError(f"{self.name} drops {key}, which is not there: leave it out")
            del inside[last]
        for key, value in self.settings.items():
            inside, last = self._place(changed, key)
            inside[last] = value
        return validated(changed, source=f"run {self.name}")

    def _place(self, sections: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
        """What a key stands in, and its last part."""
        *way, last = key.split(".")
        inside: Any = sections
        for name in way:
            inside = inside.get(name) if isinstance(inside, dict) else None
        if not isinstance(inside, dict):
            hint = did_you_mean(way[0], sections, what="sections") if way else ""
            raise InputError(f"{self.name} changes {key}, which names no place; {hint}")
        return inside, last


class Study(NamedTuple):
    """A study.

    Attributes:
        name: Of its file.
        definition: What the file says.
        parts: Name of experiments to all their changes.
    """

    name: str
    definition: Definition
    parts: dict[str, Changes]

    def runs(self, given: Mapping[str, Any] | None = None) -> list[Run]:
        """The runs in the order of parts and sweeps.

        Args:
            given: Values that all runs have, stronger than the study's own; a sweep over such a
                key is left out.
        """
        runs = []
        for name, changes in self.parts.items():
            every = changes.then(Changes(set=dict(given or {})))
            combinations = list(itertools.product(*every.sweep.values()))
            for number, values in enumerate(combinations, start=1):
                settings = every.set | dict(zip(every.sweep, values, strict=True))
                own = name if len(combinations) == 1 else f"{name}-{number}"
                runs.append(Run(own, settings, every.drop))
        return runs


def load_studies(folder: Path = DEFINITIONS, base: Path = BASE) -> dict[str, Study]:
    """All studies by name, in the order of their names.

    Raises:
        InputError: A file is damaged, has an unknown key or takes an unknown base, or two runs
            have the same name.
    """
    shared = {
        name: _as(Changes, values, f"{base}: {name}") for name, values in read_yaml(base).items()
    }
    studies = {file.stem: _load(file, shared) for file in sorted(folder.glob("*.yaml"))}
    counts = Counter(run.name for study in studies.values() for run in study.runs())
    for name, count in counts.items():
        if count > 1:
            raise InputError(f"{folder}: {count} runs are named {name}: rename a study or a part")
    for study in studies.values():
        shown = study.definition.figures
        if shown and shown.run not in {run.name for run in study.runs()}:
            raise InputError(f"{folder}/{study.name}.yaml: figures.run {shown.run} is no run of it")
    return studies


def load_study(name: str) -> Study:
    """One study.

    Raises:
        InputError: There is no such study, or as of `load_studies`.
    """
    studies = load_studies()
    if name not in studies:
        hint = did_you_mean(name, studies, what="studies")
        raise InputError(f"no study is named {name}; {hint}")
    return studies[name]


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Settings given as KEY=VALUE, the values as YAML has them.

    Raises:
        InputError: One is not of this form.
    """
    given = {}
    for text in texts:
        key, equals, value = text.partition("=")
        try:
            given[key] = YAML(typ="safe", pure=True).load(value)
        except YAMLError:
            equals = ""
        if not key or not equals:
            raise InputError(f"{text!r} is no setting: write it like train.epochs=20")
    return given


def _load(file: Path, shared: Mapping[str, Changes]) -> Study:
    definition = _as(Definition, read_yaml(file), str(file))
    parts = {}
    for name, part in (definition.parts or {file.stem: Part()}).items():
        if name != file.stem and not name.startswith(f"{file.stem}-"):
            raise InputError(f"{file}: part {name} must be named {file.stem} or {file.stem}-...")
        changes = Changes()
        for each in (definition, part):
            for base in each.base:
                if base not in shared:
                    raise InputError(f"{file}: unknown base {base}; {did_you_mean(base, shared)}")
                changes = changes.then(shared[base])
            changes = changes.then(each)
        parts[name] = changes
    return Study(file.stem, definition, parts)


AnySection = TypeVar("AnySection", bound=Section)


def _as(kind: type[AnySection], values: Any, source: str) -> AnySection:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{source}: {explain(error, kind, values)}") from None


def _leaves(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Settings with those that hold settings taken apart, which Hydra's grammar cannot quote."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves({f"{key}.{inner}": item for inner, item in value.items()})
        else:
            yield key, value
