"""What a changed K and a changed plot style cost, as ratios to `dvc repro` with nothing to do.

    dvc repro
    python -m benchmarks.reruns

All are run in the working folder, where the pipeline must have run, in turns: K and the colour map
take a value that they have not had yet, so that nothing comes from the run cache. Beside the wall
time stands the processor time of all processes, which a busy machine changes little. At the end
params.yaml is as it was, and `dvc repro` has put the results back.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any, NamedTuple

import typer
from ruamel.yaml import YAML

PARAMS = Path("params.yaml")
COLORMAPS = ("viridis", "magma", "plasma", "inferno", "cividis")


class Seconds(NamedTuple):
    """Time of a run.

    Attributes:
        wall: Of the clock.
        processor: Of the processors, DVC and the stages together.
    """

    wall: float
    processor: float


def reproduce() -> Seconds:
    """Run `dvc repro`."""
    before, start = _of_children(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], check=True)
    return Seconds(time.perf_counter() - start, _of_children() - before)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def change(section: str, **values: Any) -> None:
    """Set keys of a section of params.yaml."""
    yaml = YAML()
    params = yaml.load(PARAMS)
    params[section].update(values)
    yaml.dump(params, PARAMS)


def main(
    first: Annotated[int, typer.Option(help="First K; each turn takes the next one.")] = 11,
    repeats: Annotated[int, typer.Option(help="Turns, at most five.")] = 3,
) -> None:
    """Print seconds of all three, and ratios to nothing to do."""
    before = PARAMS.read_bytes()
    turns = []
    try:
        reproduce()
        for turn in range(repeats):
            took = {"nothing": reproduce()}
            change("metrics", k=first + turn)
            took["K"] = reproduce()
            change("plots", colormap=COLORMAPS[turn])
            took["plot style"] = reproduce()
            turns.append(took)
    finally:
        PARAMS.write_bytes(before)
        reproduce()
    for name in turns[0]:
        line = f"{name:>10}:"
        for way in Seconds._fields:
            seconds = [getattr(took[name], way) for took in turns]
            ratios = [getattr(took[name], way) / getattr(took["nothing"], way) for took in turns]
            line += f"  {way} {median(seconds):5.1f} s, {median(ratios):4.1f} times nothing"
            line += f" ({min(ratios):.1f} to {max(ratios):.1f})"
        print(line)


if __name__ == "__main__":
    typer.run(main)
