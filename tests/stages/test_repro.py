"""Several stages at a time, on scratch pipelines of stages that write files."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import dvc.cli
import pytest
from oracles.forked import Fork, in_fork

from novelty_maps.pipeline import cli
from stages import repro as module

ROOT = Path(__file__).resolve().parents[2]
# Notes that it began, waits for the files it is told to, and writes its output.
STAGE = """
import pathlib, sys, time
name, *waits = sys.argv[1:]
with open('began', 'a') as file:
    file.write(name + '\\n')
deadline = time.monotonic() + 30
for file in waits:
    while not pathlib.Path(file).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    if not pathlib.Path(file).exists():
        sys.exit('error: ' + name + ' waited in vain')
pathlib.Path(name).write_text(name)
"""


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    """What makes a pipeline of stages: name to (stages it needs, files it waits for)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def make(**stages):
        Path(".dvc").mkdir()
        Path(".dvc/config").write_text("[core]\nno_scm = true\nanalytics = false\n")
        Path("stage.py").write_text(STAGE)
        lines = ["stages:"]
        for name, (needs, waits) in stages.items():
            lines += [f"  {name}:", f"    cmd: {sys.executable} stage.py {name} {' '.join(waits)}"]
            lines += [f"    deps: [{', '.join(needs)}]"] if needs else []
            lines += [f"    outs: [{name}]"]
        Path("dvc.yaml").write_text("\n".join(lines) + "\n")

    return make


IMPORTED = (  # by DVC as it goes
    "dvc.cli.parser",
    "dvc.data_cloud",
    "dvc.lock",
    "dvc.repo.plots",
    "dvc.repo.reproduce",
    "dvc.repo.stage",
    "dvc.rwlock",
    "dvc.scm",
    "dvc.stage.run",
    "dvc.utils.strictyaml",
    "dvc_data.hashfile.db.local",
    "dvc_data.hashfile.status",
    "dvc_data.index",
    "joblib",
    "networkx",
)


@pytest.fixture(scope="module", autouse=True)
def _imported_once():
    for name in IMPORTED:
        importlib.import_module(name)


def forked_dvc(command, *, env, stdout, process_group, **_):
    """As Popen of `python -m dvc`, in a fork."""
    assert command[:3] == [sys.executable, "-m", "dvc"]

    def run():
        os.environ.update(env)
        return dvc.cli.main(command[3:])

    return Fork(run, out=stdout, err=stdout, process_group=process_group)


def program(*arguments):
    """What `python -m stages.repro` does, for a fork."""

    def run():
        sys.argv = ["stages.repro", *arguments]
        module.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": forked_dvc})
        cli.run(module.main)

    return run


def repro(*arguments):
    return in_fork(program(*arguments))


def folders_of(program):
    """Working folders of the processes that have it in their command."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if program in (process / "cmdline").read_text():
                yield process / "cwd"


def began():
    return Path("began").read_text().split()


def test_stages_of_two_branches_run_at_once_and_after_what_they_need(pipeline):
    # Either one waits until the other has begun, so that one after the other neither ends.
    pipeline(
        root=([], []),
        left=(["root"], ["right_is_there"]),
        right_is_there=(["root"], ["left_is_there"]),
        left_is_there=(["root"], []),
        end=(["left", "right_is_there"], []),
    )
    done = repro("--jobs", "3")
    assert done.status == 0, done.err
    assert began()[0] == "root"
    assert began()[-1] == "end"
    assert sorted(began()) == ["end", "left", "left_is_there", "right_is_there", "root"]
    assert "up to date" in in_fork(lambda: dvc.cli.main(["status"])).out
    again = repro()
    assert (again.status, again.err) == (0, "")  # no stage was begun
    assert len(began()) == 5


def test_targets_take_what_they_need_and_nothing_else(pipeline):
    pipeline(root=([], []), wanted=(["root"], []), other=(["root"], []))
    assert repro("wanted", "--jobs", "1").status == 0
    assert began() == ["root", "wanted"]


def test_stage_that_most_wait_for_comes_first(pipeline):
    pipeline(alone=([], []), first=([], []), second=(["first"], []))
    assert repro("--jobs", "1").status == 0
    assert began()[0] == "first"


def test_failing_stage_is_named_and_ends_what_runs_beside_it(pipeline):
    pipeline(bad=([], []), long=([], ["never"]), after=(["bad"], []))
    Path("stage.py").write_text(
        STAGE.replace("deadline =", "if name == 'bad': time.sleep(1); sys.exit('no')\ndeadline =")
    )
    start = time.monotonic()
    done = repro()
    assert done.status == 1
    assert time.monotonic() - start < 25  # `long` waits for 30 seconds
    assert "\nno\n" in done.err
    assert done.err.splitlines()[-1].startswith("error: the stage bad failed: see above")
    assert "after" not in began()
    assert not Path("long").exists()


def test_unknown_target_is_one_line(pipeline):
    pipeline(root=([], []))
    done = repro("root", "absent")
    assert done.status == 1
    assert done.err == "error: Stage 'absent' not found inside 'dvc.yaml' file\n"
    assert not Path("began").exists()


def running():
    """Whether a stage of the pipeline in the working folder is being run."""
    return any(folder.resolve() == Path.cwd() for folder in folders_of("stage.py"))


def in_a_new_process(said):
    return subprocess.Popen([sys.executable, "-m", "stages.repro"], stderr=said)


def in_a_fork(said):
    return Fork(program(), out=said, err=said)


@pytest.mark.parametrize(
    ("number", "status", "start"),
    [
        (signal.SIGINT, 130, in_a_new_process),
        (signal.SIGTERM, 143, in_a_fork),
        (signal.SIGHUP, 129, in_a_fork),
    ],
)
def test_interruption_ends_all_stages_however_often_it_comes(
    pipeline, number, status, start, tmp_path
):
    pipeline(long=([], ["never"]), other=([], ["never"]))
    with (tmp_path / "said").open("wb") as said:
        process = start(said)
    deadline = time.monotonic() + 60
    while not (Path("began").exists() and len(began()) == 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running()
    for _ in range(3):
        process.send_signal(number)
        time.sleep(0.01)
    assert process.wait(20) == status
    assert not running()
    assert not Path("long").exists()
