"""A study's runs as DVC experiments of the same names, on this machine.

They run several at a time, each on one thread. Run again, finished stages come from DVC's cache
and interrupted training goes on.
"""

import os
import re
import subprocess
import sys
from collections.abc import Collection, Sequence

from novelty_maps.pipeline.errors import InputError
from studies.definition import Figures, Question
from studies.experiments import commit_of, find_experiments, place_in_git
from studies.paths import FIGURES
from studies.study import Run, Study

# The stage that ends a run.
LAST_STAGES: dict[Question, str] = {
    "agreement": "plots",
    "localization": "localization_plots",
    "representation": "representation_plots",
}


def run_study(study: Study, runs: Sequence[Run], *, jobs: int) -> str:
    """Queue and run a study's runs, in place of earlier ones of the same names.

    Args:
        study: The study.
        runs: Its runs.
        jobs: How many at a time.

    Returns:
        The commit that they start from.

    Raises:
        InputError: There is no commit to start from, DVC refuses a run, or one failed.
    """
    start = commit_of("HEAD")
    forget(study.parts)
    for run in runs:
        overrides = [part for text in run.overrides() for part in ("-S", text)]
        last = LAST_STAGES[study.definition.question]
        dvc("exp", "run", "--queue", "--name", run.name, *overrides, last)
    dvc("exp", "run", "--run-all", "--jobs", str(jobs))
    # DVC ends well even when an experiment failed, so that is looked at.
    failed = [
        name for _, name, state in _tasks() if state == "Failed" and _is_of(name, study.parts)
    ]
    if failed:
        raise InputError(
            f"{', '.join(failed)} failed: see `dvc queue logs {failed[0]}`, and run the study again"
        )
    return start


def forget(parts: Collection[str]) -> None:
    """Remove experiments and queued tasks of the given names, numbered or not."""
    names = dvc("exp", "list", "--name-only", shown=False).split()
    _remove("exp", [name for name in names if _is_of(name, parts)])
    # An experiment takes its task along, so that the queue is looked at afterwards.
    _remove("queue", [task for task, name, _ in _tasks() if _is_of(name, parts)])


def fetch_figures(figures: Figures, *, start: str, remote: str | None = None) -> None:
    """Copy figures of one run to docs.

    Args:
        figures: Which.
        start: Revision that the run was started from.
        remote: Name of the DVC remote that has what is not here, if any.
    """
    (experiment,) = find_experiments([figures.run], start=start)
    repository, folder = place_in_git()
    source = ["--rev", experiment.commit] + ([] if remote is None else ["--remote", remote])
    for file in figures.files:
        to = str(FIGURES / file.rpartition("/")[2])
        dvc("get", repository, f"{folder}{file}", *source, "--force", "-o", to)


def _remove(kind: str, found: Sequence[str]) -> None:
    if found:
        dvc(kind, "remove", *found)


def _is_of(name: str, parts: Collection[str]) -> bool:
    return name in parts or re.sub(r"-\d+$", "", name) in parts


def _tasks() -> list[tuple[str, str, str]]:
    """Identifier, name and state of each task in DVC's queue."""
    lines = dvc("queue", "status", shown=False).splitlines()
    rows = [line.split() for line in lines if re.match(r"[0-9a-f]{7} ", line)]
    return [(row[0], row[1], row[-1]) for row in rows]


def dvc(*arguments: str, shown: bool = True) -> str:
    """Run a command of DVC, and what it wrote unless that is shown.

    Raises:
        InputError: It ended badly.
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "dvc", *arguments],
        stdout=None if shown else subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
        check=False,
    )
    if done.returncode:
        command = " ".join(argument for argument in arguments if argument.isprintable())
        raise InputError(f"`dvc {command}` failed: see above")
    return done.stdout or ""
