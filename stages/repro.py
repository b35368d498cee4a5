"""`dvc repro` with several stages at a time: `python -m stages.repro`.

DVC itself runs one stage after the other. Here each stage is a `dvc repro --single-item` of its
own, begun when all that it depends on is done and something of it has changed, so that caches and
locks are DVC's as ever. Of the stages that could begin, those come first that most others wait for.
"""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Annotated, NoReturn

import typer
from tqdm import tqdm

from novelty_maps.pipeline.cli import SIGNALS, run
from novelty_maps.pipeline.errors import InputError

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import PipelineStage
    from networkx import DiGraph

_JOBS = 2
_SECONDS = 0.05  # between two looks at what runs


def main(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Stages to bring up to date, with what they depend on; all without."),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(min=1, help="Stages at a time, each with its share of the processor's cores."),
    ] = _JOBS,
) -> None:
    """Bring the pipeline up to date as `dvc repro` does, several stages at a time."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.CRITICAL)  # or each look at a file would have a bar
    try:
        with Repo(_wait_for_lock=True) as repo:
            _reproduce(_pipeline(repo, targets or []), jobs)
    except DvcException as error:
        raise InputError(str(error)) from None


def _reproduce(pipeline: "DiGraph", jobs: int) -> None:
    """Run what changed of a pipeline, whose stages have edges to those that they depend on."""
    import joblib
    import networkx

    threads = max(1, joblib.cpu_count() // jobs)
    environment = {"OMP_NUM_THREADS": str(threads), **os.environ}
    waiting = {stage: len(networkx.ancestors(pipeline, stage)) for stage in pipeline}
    order = TopologicalSorter({stage: pipeline.successors(stage) for stage in pipeline})
    order.prepare()
    ready: list[PipelineStage] = []
    running: list[_Running] = []
    bar_format = "{n_fmt} of {total_fmt} stages{postfix}"
    with tqdm(total=len(pipeline), bar_format=bar_format, disable=None) as bar:
        try:
            while order.is_active():
                ready = sorted([*ready, *order.get_ready()], key=lambda stage: -waiting[stage])
                if ready and len(running) < jobs:
                    done = _begun(ready.pop(0), environment, running)
                else:
                    done = _ended(running, bar)
                order.done(*done)
                bar.update(len(done))
        finally:
            _stop(running)


def _begun(
    stage: "PipelineStage", environment: Mapping[str, str], running: list["_Running"]
) -> "list[PipelineStage]":
    """Begin a stage, or return it as done if nothing of it has changed."""
    with stage.repo.lock:
        changed = stage.changed()
    if not changed:
        return [stage]
    running.append(_Running(stage, environment))
    return []


@dataclass
class _Running:
    """A stage that is being run."""

    stage: "PipelineStage"
    environment: Mapping[str, str]
    output: IO[bytes] = field(default_factory=TemporaryFile)
    began: float = field(default_factory=time.monotonic)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "-q", "-s", self.name]
        self.process = subprocess.Popen(  # noqa: S603
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            process_group=0,  # ended as a whole
        )

    def text(self) -> str:
        """What it wrote so far, of progress bars the last state."""
        size = os.fstat(self.output.fileno()).st_size
        text = os.pread(self.output.fileno(), size, 0).decode(errors="replace")
        return re.sub(r"[^\n]*\r(?=[^\n])", "", text).strip()

    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.began

    @property
    def name(self) -> str:
        """What the stage is called."""
        return str(self.stage.addressing)


def _ended(running: list[_Running], bar: "tqdm[NoReturn]") -> "list[PipelineStage]":
    """Wait a moment; those that ended well, taken out of `running`.

    Raises:
        InputError: One failed.
    """
    time.sleep(_SECONDS)
    if not bar.disable:  # on a terminal
        last = [f"{each.name} {each.text().rpartition(chr(10))[2]}" for each in running]
        bar.set_postfix_str(" | ".join(last))
    ended = [each for each in running if each.process.poll() is not None]
    for each in ended:
        running.remove(each)
        said = "\n".join(filter(None, [f"{each.name} {each.seconds():.1f} s", each.text()]))
        tqdm.write(said, file=sys.stderr)
    failed = [each.name for each in ended if each.process.returncode]
    if failed:
        raise InputError(
            f"the stage {failed[0]} failed: see above; when that is mended, run this again"
        )
    return [each.stage for each in ended]


def _stop(running: list[_Running]) -> None:
    """Interrupt all, as Ctrl-C does, and wait for their ends, whatever comes meanwhile."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for each in running:
        if each.process.poll() is None:
            os.killpg(each.process.pid, signal.SIGINT)
    for each in running:
        each.process.wait()


def _pipeline(repo: "Repo", targets: list[str]) -> "DiGraph":
    """The stages that are asked for and all that they depend on; all without targets."""
    import networkx

    graph = repo.index.graph
    asked = [stage for name in targets for stage in repo.stage.collect(name)]
    needed = {each for stage in asked for each in (stage, *networkx.descendants(graph, stage))}
    return graph.subgraph(needed) if targets else graph


if __name__ == "__main__":
    run(main)
