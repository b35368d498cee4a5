"""Whether an experiment's numbers are of its own settings, as its dvc.lock records them.

An experiment that was run to a stage in the middle holds for all later stages what the commit that
it started from had: numbers of another network. Its dvc.lock shows it: a later stage was made from
other files than earlier ones have left, or with another parameter than params.yaml has.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.section import parse_yaml
from studies.experiments import Experiment, read_file

_LOCK = Path("dvc.lock")


def require_up_to_date(found: Sequence[Experiment], path: Path) -> None:
    """Raise InputError unless the experiments made a file after all that it depends on.

    One that has no dvc.lock, or in it no such file, is let pass.

    Args:
        found: The experiments.
        path: The file, an output of a stage.

    Raises:
        InputError: A stage before it was run later, or with other settings; both are named.
    """
    for experiment in found:
        try:
            text = read_file(experiment, _LOCK).decode()
        except InputError:
            continue
        stages = parse_yaml(text, source=f"{_LOCK} of {experiment.name}").get("stages", {})
        stale = _stale(stages, str(path), experiment.settings)
        if stale is not None:
            raise InputError(
                f"experiment {experiment.name} was not run to the stage {stale}, so that its {path}"
                " is of other settings: leave it out, or run it again without a target"
            )


def _stale(stages: Mapping[str, Any], path: str, settings: Mapping[str, Any]) -> str | None:
    """The stage, of those that a file depends on, that is behind the others, if there is one."""
    made = {out["path"]: (name, out) for name, stage in stages.items() for out in stage["outs"]}
    waiting, seen = [path], set()
    while waiting:
        name, _ = made.get(waiting.pop(), (None, None))
        if name is None or name in seen:
            continue
        seen.add(name)
        before = [each for each in stages[name].get("deps", []) if each["path"] in made]
        if any(each["md5"] != made[each["path"]][1]["md5"] for each in before):
            return name
        if not _has_settings(stages[name], settings):
            return name
        waiting += [each["path"] for each in before]
    return None


def _has_settings(stage: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a stage was run with these settings, dotted key to value."""
    lists = stage.get("params", {}).values()
    given = {key: value for each in lists for key, value in each.items()}
    for key in [key for key, value in given.items() if "." not in key and value is not None]:
        given |= {f"{key}.{inner}": value for inner, value in given.pop(key).items()}
    return all(settings.get(key, value) == value for key, value in given.items())
