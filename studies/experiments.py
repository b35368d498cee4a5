"""DVC experiments side by side: their settings and metrics, and what holds over their seeds.

DVC keeps a finished experiment as a commit under refs/exps/<its starting commit>/<its name>. All
that is compared is in that commit (params.yaml and the small metrics files), so that git alone
reads it, and an experiment pulled from elsewhere compares as well as one run here.
"""

import io
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import PARAMS
from novelty_maps.pipeline.section import parse_yaml

_REF = re.compile(r"(\w+) refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/(\S+)")


class Experiment(NamedTuple):
    """A finished experiment.

    Attributes:
        name: Its name.
        commit: The commit that holds it.
        settings: Dotted key to value, of its params.yaml.
    """

    name: str
    commit: str
    settings: dict[str, Any]


def commit_of(revision: str) -> str:
    """Hash of the commit that a revision names.

    Raises:
        InputError: It names none, or there is no git repository.
    """
    try:
        return git("rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()
    except InputError as error:
        remedy = "give --start the commit that the experiments were started from"
        if revision == "HEAD":
            remedy = (
                "run in the project's git repository; an unpacked archive becomes one by"
                " `git init && git add . && git commit -m start`"
            )
        raise InputError(f"{revision!r} names no commit ({error}): {remedy}") from None


def find_experiments(names: Sequence[str], *, start: str) -> list[Experiment]:
    """Experiments of the given names, and those that DVC numbered: NAME, NAME-1, NAME-2 ...

    Args:
        names: Names without the number.
        start: Revision that the experiments were started from.

    Raises:
        InputError: There is no such revision, or no such experiment starts from it.
    """
    baseline = commit_of(start)
    refs = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").decode()
    found: dict[tuple[int, int], Experiment] = {}
    known = set()
    for commit, head, tail, name in _REF.findall(refs):
        if head + tail != baseline:
            continue
        base, number = re.fullmatch(r"(.*?)(?:-(\d+))?", name).groups()  # type: ignore[union-attr]
        known.add(base)
        for position, wanted in enumerate(names):
            if wanted in (base, name):
                one = Experiment(name, commit, {})
                text = read_file(one, PARAMS).decode()
                settings = _dotted(parse_yaml(text, source=f"{PARAMS} of {name}"))
                found[position, int(number or 0)] = one._replace(settings=settings)
    absent = [name for i, name in enumerate(names) if all(key[0] != i for key in found)]
    if absent:
        raise InputError(
            f"no experiment {absent[0]} starts from {start} (there:"
            f" {', '.join(sorted(known)) or 'none'}): run it first, or give the commit that it"
            " started from with --start"
        )
    return [found[key] for key in sorted(found)]


def read_table(experiment: Experiment, path: Path) -> pd.DataFrame:
    """A .csv of an experiment that git tracks."""
    return pd.read_csv(io.BytesIO(read_file(experiment, path)))


def read_metrics(experiment: Experiment, prefixes: Mapping[Path, str]) -> dict[str, Any]:
    """Metrics of an experiment as one flat row, as `formats.flatten` names them.

    Args:
        experiment: The experiment.
        prefixes: Files of metrics, and what their names begin with in the row.
    """
    row: dict[str, Any] = {}
    for path, prefix in prefixes.items():
        values = formats.flatten(json.loads(read_file(experiment, path)))
        row |= {f"{prefix}{name}": value for name, value in values.items()}
    return row


def varied_settings(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """A row per experiment: `run` (its name) and the settings, as JSON, in which they differ."""
    texts = [
        {key: json.dumps(value) for key, value in experiment.settings.items()}
        for experiment in experiments
    ]
    varied = [key for key in texts[0] if len({text.get(key) for text in texts}) > 1]
    table = pd.DataFrame([{key: text.get(key) for key in varied} for text in texts])
    table.insert(0, "run", [experiment.name for experiment in experiments])
    return table


def read_file(experiment: Experiment, path: Path) -> bytes:
    """Content of a file of an experiment that git tracks."""
    try:
        return git("show", f"{experiment.commit}:./{path}")
    except InputError:
        raise InputError(
            f"experiment {experiment.name} has no {path}: run it again with this version"
        ) from None


def place_in_git() -> tuple[str, str]:
    """The way to the top of the git repository, and the way from there to here.

    Returns:
        "." and "", or such as "../" and "folder/" in a folder of another repository.
    """
    up, down = git("rev-parse", "--show-cdup", "--show-prefix").decode().split("\n")[:2]
    return up or ".", down


def git(*arguments: str) -> bytes:
    """Output of a git command.

    Raises:
        InputError: It ended badly, with what it said, or git is not installed.
    """
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        raise InputError("git, which keeps the experiments, is not installed") from None
    if done.returncode:
        raise InputError(done.stderr.decode(errors="replace").strip().removeprefix("fatal: "))
    return done.stdout


def _dotted(values: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{section}.{key}": value for section, keys in values.items() for key, value in keys.items()
    }
