"""How a command ends: its status, and the one line that says why."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from novelty_maps.pipeline.cli import describe_os_error

ROOT = Path(__file__).resolve().parents[2]


PROGRAM = """
import time
from pathlib import Path
from novelty_maps.pipeline import atomic
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.errors import InputError

def main(count: int = 1) -> None:
    \"\"\"Count.\"\"\"
BODY

if __name__ == "__main__":
    run(main)
"""


def start(folder: Path, body: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """`python -m stages.room.stage`, a command with an option --count and the body given."""
    module = folder / "stages" / "room" / "stage.py"
    module.parent.mkdir(parents=True)
    for package in module.parents[:2]:
        (package / "__init__.py").touch()
    module.write_text(PROGRAM.replace("BODY", textwrap.indent(textwrap.dedent(body), "    ")))
    return subprocess.Popen(
        [sys.executable, "-m", "stages.room.stage", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def end(process: subprocess.Popen[bytes], encoding: str = "utf-8") -> tuple[int, str, str]:
    """Status, output and errors of a command that has ended."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(encoding), err.decode(encoding)


def test_command_that_goes_well_has_status_0_and_takes_its_options(tmp_path: Path) -> None:
    assert end(start(tmp_path, "print(count + 1)", "--count", "4")) == (0, "5\n", "")


def test_usage_names_the_module_with_its_room(tmp_path: Path) -> None:
    status, out, _ = end(start(tmp_path, "pass", "--help"))
    assert status == 0
    assert out.split("\n")[0] == "Usage: python -m stages.room.stage [OPTIONS]"


def test_usage_error_has_status_2_and_no_traceback(tmp_path: Path) -> None:
    status, out, err = end(start(tmp_path, "pass", "--count", "many"))
    assert (status, out) == (2, "")
    assert "--count" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [["count", "--count", "4"], ["--help"], ["4"]])
def test_program_of_one_command_asks_for_its_name(tmp_path: Path, words: list[str]) -> None:
    module = tmp_path / "program.py"
    module.write_text(
        PROGRAM.replace("BODY", "    print(count + 1)")
        .replace("run(main)", "run_program('maps', 'All of it.', count=main)")
        .replace("import run\n", "import run_program\n")
    )
    done = subprocess.run(
        [sys.executable, module, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if words[0] == "count":
        assert (done.returncode, done.stdout, done.stderr) == (0, "5\n", "")
    elif words[0] == "--help":
        assert done.stdout.startswith("Usage: maps [OPTIONS] COMMAND [ARGS]...\n\n  All of it.\n")
        assert "count  Count." in done.stdout
    else:
        assert done.returncode == 2
        assert "No such command '4'" in done.stderr


def test_bad_input_is_one_line_and_status_1(tmp_path: Path) -> None:
    found = end(start(tmp_path, "raise InputError('k is 0:\\n  raise it')"))
    assert found == (1, "", "error: k is 0: raise it\n")


def test_failing_disk_is_one_line_and_status_1(tmp_path: Path) -> None:
    found = end(start(tmp_path, "raise OSError(28, 'No space left on device', 'a.npy')"))
    assert found == (
        1,
        "",
        "error: a.npy: No space left on device; free some space and run the command again."
        " Earlier results are untouched.\n",
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_the_terminal_cannot_show_is_an_escape(tmp_path: Path, encoding: str) -> None:
    body = r"print('8×8 ρ', 'caf\udce9'); raise InputError('ρ is 8×8')"
    process = start(tmp_path, body, PYTHONIOENCODING=encoding)
    shown = "8×8 ρ".encode(encoding, "backslashreplace").decode(encoding)
    status, out, err = end(process, encoding)
    assert (status, out) == (1, shown + " caf\\udce9\n")
    assert err == "error: {1} is {0}\n".format(*shown.split(" "))


def test_backend_of_a_notebook_is_left_aside(tmp_path: Path) -> None:
    body = "import matplotlib; print(matplotlib.get_backend())"
    process = start(tmp_path, body, MPLBACKEND="module://of_a.notebook")
    assert end(process) == (0, "Agg\n", "")


def test_error_of_the_program_keeps_its_traceback(tmp_path: Path) -> None:
    status, _, err = end(start(tmp_path, "1 / 0"))
    assert status == 1
    assert "Traceback" in err
    assert "ZeroDivisionError" in err


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_interrupted_command_removes_what_is_half_written(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    body = """
        with atomic.atomic_write(Path("out/a.npy")) as file:
            file.write(b"half")
            print("waiting", flush=True)
            time.sleep(60)
    """
    process = start(tmp_path, body)
    assert process.stdout is not None
    assert process.stdout.readline() == b"waiting\n"
    process.send_signal(number)
    assert end(process) == (status, "", f"\ninterrupted by {number.name}\n")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_asks_for_space(number: int) -> None:
    error = OSError(number, os.strerror(number), "a.npy")
    assert f"a.npy: {os.strerror(number)}; free some space" in describe_os_error(error)


def test_other_failure_of_the_disk_asks_for_the_path() -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "a.npy")
    assert describe_os_error(error) == (
        "a.npy: Permission denied; check that the path exists and is writable."
        " Earlier results are untouched."
    )
    assert describe_os_error(OSError("lost")).startswith("lost; check that the path exists")
