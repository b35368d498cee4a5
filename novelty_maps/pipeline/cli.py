"""What all commands share: how an error or an interruption reaches the person at the terminal."""

import io
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import typer

from novelty_maps.pipeline.errors import InputError, describe_os_error

# Ctrl-C, a polite kill, and the end of the terminal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(command: Callable[..., None], **others: Callable[..., None]) -> None:
    """Run a function as a command: bad input is one line on stderr and a non-zero exit status.

    Status 1 is bad input or a failing disk, 2 a usage error, 129, 130 and 143 an interruption by
    SIGHUP, SIGINT and SIGTERM. Characters that the terminal's encoding lacks are printed as
    escapes, and a notebook's choice of a backend for matplotlib, which may not be installed here,
    is left aside.

    Args:
        command: The function.
        **others: Further commands by name; the first one then goes by its own.
    """
    app = _app()
    app.command()(command)
    for name, other in others.items():
        app.command(name)(other)
    _run(app, _stage_name(command))


def run_program(program: str, help: str, **commands: Callable[..., None]) -> None:
    """Run a program whose first word is one of its commands, and what it does as of `run`.

    Args:
        program: What a person types.
        help: What its commands are for.
        **commands: The functions by name, one or more.
    """
    app = _app()
    app.callback(help=help)(lambda: None)  # without it, a single command would need no name
    for name, command in commands.items():
        app.command(name)(command)
    _run(app, program)


def _app() -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _run(app: typer.Typer, program: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    os.environ["MPLBACKEND"] = "Agg"
    for number in SIGNALS:
        ignored = signal.getsignal(number) is signal.SIG_IGN
        if not (number == signal.SIGHUP and ignored):  # as under nohup
            signal.signal(number, _interrupted)
    try:
        app(prog_name=program)
    except InputError as error:
        _fail(str(error))
    except OSError as error:
        _fail(describe_os_error(error))


def _fail(message: str) -> None:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(1)


def _stage_name(command: Callable[..., Any]) -> str:
    """What a person types: `python -m` and the module that is run."""
    spec = sys.modules[command.__module__].__spec__
    return f"python -m {spec.name.removesuffix('.__main__')}" if spec else command.__name__


def _interrupted(number: int, _frame: FrameType | None) -> None:
    # SystemExit unwinds the stack, so that half-written files are removed on the way out.
    print(f"\ninterrupted by {signal.Signals(number).name}", file=sys.stderr)
    sys.exit(128 + number)
