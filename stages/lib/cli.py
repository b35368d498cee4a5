"""What every stage command shares: the `--params` option and how an error reaches the user."""

import errno
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, TypeVar

import typer

from stages.lib.errors import InputError
from stages.lib.paths import PARAMS

ParamsFile = Annotated[
    Path, typer.Option("--params", help="Parameter file; options given here override it.")
]
DEFAULT_PARAMS = PARAMS

# Options of more than one stage; None leaves the value of params.yaml.
LearningRate = Annotated[float | None, typer.Option(help="Learning rate of Adam.")]
BatchSize = Annotated[int | None, typer.Option(help="Images in a training batch.")]
Epochs = Annotated[int | None, typer.Option(help="Epochs at most.")]
BatchNorm = Annotated[
    str | None,
    typer.Option(help="precise (statistics anew after each epoch) or running (moving average)."),
]
Device = Annotated[str | None, typer.Option(help="auto, cpu or cuda.")]
Precision = Annotated[str | None, typer.Option(help="fp32, or bf16 for mixed precision.")]
Compile = Annotated[bool | None, typer.Option(help="Compile the network with torch.compile.")]
TopK = Annotated[
    int | None, typer.Option(help="K of top-K agreement and of distance to best match.")
]
BootstrapSamples = Annotated[int | None, typer.Option(help="Resamplings behind each 95% interval.")]
MetricsSeed = Annotated[int | None, typer.Option(help="Seed of bootstrap and chance level.")]
Dpi = Annotated[int | None, typer.Option(help="Resolution of the .png files.")]

Number = TypeVar("Number", int, float)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def run(command: Callable[..., None]) -> None:
    """Run a stage as a command: bad input is one line on stderr and a non-zero exit status.

    Status 1 is bad input or a failing disk, 2 a usage error, 130 and 143 an interruption by
    SIGINT and SIGTERM.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app(prog_name=f"python -m stages.{_stage_name(command)}")
    except InputError as error:
        _fail(str(error))
    except OSError as error:
        _fail(describe_os_error(error))


def integers(text: str | None) -> list[int] | None:
    """Value of an option that takes integers separated by commas; None stays None."""
    return _separated(text, int, "list of integers: write it like 0,1,2")


def numbers(text: str | None) -> list[float] | None:
    """Value of an option that takes numbers separated by commas; None stays None."""
    return _separated(text, float, "list of numbers: write it like 0.2,0.5")


def _separated(text: str | None, number: Callable[[str], Number], what: str) -> list[Number] | None:
    try:
        return None if text is None else [number(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{text!r} is no {what}") from None


def describe_os_error(error: OSError) -> str:
    """One line for a disk that refuses: the file, the reason and the remedy."""
    remedy = (
        "free some space and run the command again"
        if error.errno in _FULL
        else "check that the path exists and is writable"
    )
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; {remedy}. Earlier results are untouched."


def _fail(message: str) -> None:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(1)


def _stage_name(command: Callable[..., Any]) -> str:
    spec = sys.modules[command.__module__].__spec__
    return spec.name.removeprefix("stages.") if spec else command.__name__


def _interrupted(number: int, _frame: FrameType | None) -> None:
    # SystemExit unwinds the stack, so that half-written files are removed on the way out.
    print(f"\ninterrupted by {signal.Signals(number).name}", file=sys.stderr)
    sys.exit(128 + number)
