"""A study's runs on a cluster, which Ray spreads over machines.

Machines share a git repository and a DVC remote; the driver here has the finished experiments
fetched from the one, so that `studies.experiments` finds them as if they had run here.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dvc.config import Config, ConfigError

from novelty_maps.params.whole import validated
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import PARAMS
from novelty_maps.pipeline.section import parse_yaml, read_yaml
from studies.experiments import Experiment, commit_of, git, place_in_git, read_file
from studies.ray_tasks import connected, outcomes
from studies.runner import LAST_STAGES, forget
from studies.study import Run, Study
from studies.task import Job, Outcome

# Of the environment here, what runs elsewhere get too: folders on storage that all machines share.
_SHARED = ("DATASETS_ROOT", "CHECKPOINTS_ROOT")
# What a run is made from; the rest may differ from the commit.
_SOURCES = ("dvc.yaml", "params.yaml", "novelty_maps", "stages", "studies/push_run_cache.py")
_LOGS = Path(".dvc/tmp/studies")


class Places(NamedTuple):
    """What all machines share.

    Attributes:
        git: Name of the git remote.
        remote: Name of the DVC remote.
    """

    git: str
    remote: str


def run_on_cluster(
    study: Study, runs: Sequence[Run], places: Places, *, address: str, gpus: float
) -> str:
    """Run those of a study's runs that have not finished, in place of others of their names.

    Args:
        study: The study.
        runs: Its runs.
        places: What all machines share.
        address: Of the cluster: HOST:PORT, or "auto" for the one that this machine belongs to.
        gpus: How many GPUs each run takes; two share one with 0.5.

    Returns:
        The commit that they start from.

    Raises:
        InputError: There is no such cluster, it lacks GPUs, machines would not find what is here,
            or a run failed.
    """
    start = commit_of("HEAD")
    job = _job(start, places, target=LAST_STAGES[study.definition.question])
    if not gpus:  # Ray hides those of a machine from runs that have some of them alone
        job.environment["CUDA_VISIBLE_DEVICES"] = ""
    _require_shared(start, places.git)
    with connected(address, gpus=gpus) as ray:
        forget(study.parts)
        left = _unfinished(runs, start, places.git)
        finished = len(runs) - len(left)
        if finished:
            print(f"{finished} of {len(runs)} finished before", flush=True)
        failed = []
        jobs = [job._replace(name=run.name, overrides=run.overrides()) for run in left]
        for number, (name, outcome) in enumerate(outcomes(ray, jobs, gpus), start=finished + 1):
            print(f"[{number}/{len(runs)}] {name} {_became(name, outcome)}", flush=True)
            if outcome.failure:
                failed.append(name)
            else:
                _fetch([name], start, places.git)
    if failed:
        raise InputError(f"{', '.join(failed)} failed: see above, and run the study again")
    return start


def _job(start: str, places: Places, *, target: str) -> Job:
    """What the jobs of all runs have."""
    shared = {key: os.environ[key] for key in _SHARED if os.environ.get(key)}
    for key, value in shared.items():
        if not Path(value).is_absolute():
            raise InputError(f"{key} is {value}: give an absolute path, the same on every machine")
    up, folder = place_in_git()
    try:
        url = git("remote", "get-url", places.git).decode().strip()
    except InputError:
        raise InputError(
            f"no git remote is named {places.git}: give --git one of"
            f" {', '.join(git('remote').decode().split()) or 'none'}"
        ) from None
    if Path(up, url).exists():
        url = str(Path(up, url).resolve())
    name, address = (_identity(key) for key in ("user.name", "user.email"))
    return Job(
        name="",
        commit=start,
        overrides=[],
        target=target,
        git=url,
        folder=folder,
        remote=places.remote,
        store=_url_of(places.remote),
        author=(name, address),
        environment=shared,
    )


def _url_of(remote: str) -> str:
    """URL of a DVC remote; a path of this machine is absolute."""
    try:
        remotes = Config.from_cwd().read()["remote"]
    except ConfigError as error:
        raise InputError(f"DVC's configuration is not valid: {error}") from None
    if remote not in remotes:
        raise InputError(f"no DVC remote is named {remote}: add it, `dvc remote add {remote} URL`")
    return str(remotes[remote]["url"])


def _identity(key: str) -> str:
    try:
        return git("config", key).decode().strip()
    except InputError:
        raise InputError(f"git does not know you: `git config {key} ...`") from None


def _require_shared(start: str, remote: str) -> None:
    """Raise InputError unless the git remote has what a run is made from."""
    changed = git("status", "--porcelain", "--", *_SOURCES).decode().split("\n")[0]
    if changed:
        raise InputError(
            f"{changed.split()[-1]} is not as in git, and other machines see commits alone:"
            f" commit it and `git push {remote}`"
        )
    git("fetch", "--quiet", remote)
    if not git("for-each-ref", "--contains", start, f"refs/remotes/{remote}"):
        raise InputError(f"{remote} has no commit {start[:7]}: `git push {remote}` first")


def _became(name: str, outcome: Outcome) -> str:
    """What became of a run, in a line; all that a failed one wrote goes to a file."""
    where = f" on {outcome.machine}" if outcome.machine else ""
    if not outcome.failure:
        return f"finished{where}, {outcome.seconds:.0f} s, stages run: {len(outcome.stages)}"
    log = _LOGS / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(outcome.log)
    return f"failed{where}: {outcome.failure} (all it wrote: {log})"


def _unfinished(runs: Sequence[Run], start: str, remote: str) -> list[Run]:
    """The runs that a git remote lacks; those that it has are fetched."""
    listed = git("ls-remote", remote, f"{_refs(start)}/*").decode().split()
    there = {ref.removeprefix(f"{_refs(start)}/") for ref in listed}
    _fetch([run.name for run in runs if run.name in there], start, remote)
    sections = read_yaml(PARAMS)
    left = []
    for run in runs:
        if run.name in there and _is_of(run, start, sections):
            continue
        if run.name in there:
            git("update-ref", "-d", f"{_refs(start)}/{run.name}")
        left.append(run)
    return left


def _is_of(run: Run, start: str, sections: dict[str, Any]) -> bool:
    """Whether the experiment of a run's name has its settings."""
    experiment = Experiment(run.name, commit_of(f"{_refs(start)}/{run.name}"), {})
    text = read_file(experiment, PARAMS).decode()
    source = f"{PARAMS} of {run.name}"
    return validated(parse_yaml(text, source=source), source=source) == run.params(sections)


def _fetch(names: Sequence[str], start: str, remote: str) -> None:
    refs = [f"+{_refs(start)}/{name}:{_refs(start)}/{name}" for name in names]
    if refs:
        git("fetch", "--quiet", "--no-tags", remote, *refs)


def _refs(start: str) -> str:
    """Where DVC keeps the experiments that started from a commit."""
    return f"refs/exps/{start[:2]}/{start[2:]}"
