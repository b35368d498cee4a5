"""Many short programs, each as if in a fresh interpreter, that share what is light and imported."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_PARENT = """
import json, os, sys, tempfile, traceback
import pydantic.main, pydantic.type_adapter, ruamel.yaml, runpy, typer, typer.main

def run(code, folder):
    os.chdir(folder)
    try:
        exec(code, {"__name__": "__main__"})
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

ended = []
for code, folder in json.load(sys.stdin):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            status = run(code, folder)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0), err.seek(0)
        ended.append((status, out.read().decode(), err.read().decode()))
json.dump(ended, sys.stdout)
"""


class Ended(NamedTuple):
    """What a program left: exit status, and what it printed."""

    status: int
    out: str
    err: str


def run_each(
    codes: dict[str, str], folders: dict[str, Path], environment: dict[str, str]
) -> dict[str, Ended]:
    """Run programs by name, each in its folder, in forks of a process without NumPy."""
    programs = [(code, str(folders[name])) for name, code in codes.items()]
    done = subprocess.run(
        [sys.executable, "-c", _PARENT],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return {name: Ended(*each) for name, each in zip(codes, json.loads(done.stdout), strict=True)}
