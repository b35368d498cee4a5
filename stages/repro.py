"""`dvc repro` with several stages at a time: `python -m stages.repro`.

DVC itself runs one stage after the other. Here each stage is a `dvc repro --single-item` of its
own, begun when all that it depends on is done: DVC decides as ever what has to be run, and locks.
Of the stages that could begin, those come first that most others wait for.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Annotated, NoReturn

import typer
from tqdm import tqdm

from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.errors import InputError

if TYPE_CHECKING:
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
    import networkx

    pipeline = _pipeline(targets or [])
    waiting = {name: len(networkx.ancestors(pipeline, name)) for name in pipeline}
    order = TopologicalSorter({name: pipeline.successors(name) for name in pipeline})
    order.prepare()
    threads = max(1, (os.cpu_count() or 1) // jobs)
    environment = {"OMP_NUM_THREADS": str(threads), **os.environ}
    ready: list[str] = []
    running: list[_Running] = []
    bar_format = "{n_fmt} of {total_fmt} stages{postfix}"
    with tqdm(total=len(pipeline), bar_format=bar_format, disable=None) as bar:
        try:
            while order.is_active():
                ready = sorted([*ready, *order.get_ready()], key=lambda name: -waiting[name])
                while ready and len(running) < jobs:
                    running.append(_Running(ready.pop(0), environment))
                for ended in _ended(running, bar):
                    order.done(ended.name)
        finally:
            for stage in running:
                stage.stop()


@dataclass
class _Running:
    """A stage that is being run."""

    name: str
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

    def stop(self) -> None:
        """Interrupt it, as Ctrl-C does, and wait for its end."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait()


def _ended(running: list[_Running], bar: "tqdm[NoReturn]") -> Iterator[_Running]:
    """Those that ended well since the last look, taken out of `running`.

    Raises:
        InputError: One failed.
    """
    time.sleep(_SECONDS)
    last = [f"{each.name} {each.text().rpartition(chr(10))[2]}" for each in running]
    bar.set_postfix_str(" | ".join(last), refresh=False)
    bar.refresh()
    for stage in [each for each in running if each.process.poll() is not None]:
        running.remove(stage)
        said = "\n".join(filter(None, [f"{stage.name} {stage.seconds():.1f} s", stage.text()]))
        tqdm.write(said, file=sys.stderr)
        if stage.process.returncode:
            raise InputError(
                f"the stage {stage.name} failed: see above, or `dvc repro -s {stage.name}`"
            )
        bar.update()
        yield stage


def _pipeline(targets: list[str]) -> "DiGraph":
    """The stages to bring up to date, each with an edge to those that it depends on.

    Raises:
        InputError: There is no such stage, or no pipeline here.
    """
    import networkx
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            asked = [stage.addressing for name in targets for stage in repo.stage.collect(name)]
            graph = networkx.relabel_nodes(repo.index.graph, lambda stage: stage.addressing)
    except DvcException as error:
        raise InputError(str(error)) from None
    needed = {name for target in asked for name in (target, *networkx.descendants(graph, target))}
    return graph.subgraph(needed) if targets else graph


if __name__ == "__main__":
    run(main)
