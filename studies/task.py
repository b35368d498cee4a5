"""One run of the pipeline in a clone of its own, on whichever machine it is called.

Nothing is shared with other runs but the git repository, the DVC remote and the folder of the
checkpoints. What calls it, and where, it does not know; it needs the standard library alone, so
that an engine can send it to machines as it is.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

# Stages that ended less than so many seconds ago may run again when a machine is lost.
_SECONDS_TO_LOSE = 60

# Makes a folder and a group of processes for whoever started it. Once that has ended, in whatever
# way, what still runs in the group is killed and the folder removed. It is nobody's child, because
# an engine may kill those of a process that it ends.
_GUARD = """
import os, shutil, signal, sys, tempfile, time
if os.fork():
    os._exit(0)
try:
    folder = tempfile.mkdtemp(prefix=sys.argv[1] + "-")
except OSError as error:
    print("", error)
    sys.exit()
group = os.fork()
if not group:
    os.setpgid(0, 0)
    print(os.getpid(), folder, flush=True)
    while True:
        signal.pause()
sys.stdin.read()
os.killpg(group, signal.SIGKILL)
os.waitpid(group, 0)
for _ in range(100):  # the killed may be writing their last
    shutil.rmtree(folder, ignore_errors=True)
    if not os.path.exists(folder):
        break
    time.sleep(0.1)
"""


class Job(NamedTuple):
    """All that a machine needs to know of a run.

    Attributes:
        name: Of the DVC experiment.
        commit: The exact code and parameters that it starts from.
        overrides: As of `Run.overrides`.
        target: The stage that ends it.
        git: URL of the git repository, for clones and finished experiments.
        folder: The project's in that repository, "" if it is the repository.
        remote: Name of the DVC remote.
        store: URL of the DVC remote.
        author: Name and e-mail address that git commits the experiment by.
        environment: Variables that its stages get.
    """

    name: str
    commit: str
    overrides: list[str]
    target: str
    git: str
    folder: str
    remote: str
    store: str
    author: tuple[str, str]
    environment: dict[str, str]


class Outcome(NamedTuple):
    """What became of a run; its results are in the git repository and in the DVC remote.

    Attributes:
        machine: Where it ran.
        stages: Those that ran, rather than being taken from DVC's cache.
        seconds: How long it took.
        failure: Why it failed, in one line; empty if it did not.
        log: All that its commands wrote.
    """

    machine: str
    stages: list[str]
    seconds: float
    failure: str
    log: str


def run(job: Job) -> Outcome:
    """Run an experiment and push it, with every stage's outputs and DVC's record of them.

    What finished elsewhere is taken from the DVC remote. What has finished here is pushed while
    the run goes on, so that it is not lost with the machine. A run that fails is no exception:
    it would fail again.
    """
    start, failure = time.monotonic(), ""
    log: list[str] = []
    try:
        with _own_folder(job.name) as (folder, group):
            shell = _Shell(job, folder, group, log)
            _clone(job, shell)
            _reproduce(job, shell)
    except subprocess.CalledProcessError as error:
        failure = _reason(error)
    except OSError as error:
        failure = str(error)
    stages = [line.split("'")[1] for line in log if line.startswith("Running stage '")]
    return Outcome(machine(), stages, time.monotonic() - start, failure, "".join(log))


def machine() -> str:
    """Name and processor of this machine."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{platform.node()} ({names[0] if names else platform.machine()})"


@contextmanager
def _own_folder(name: str) -> Iterator[tuple[Path, int]]:
    """A new folder, and a group for processes; both end with this process at the latest."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _GUARD, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,  # a Ctrl-C here does not reach it
    ) as guard:
        assert guard.stdin
        assert guard.stdout
        group, _, folder = guard.stdout.readline().rstrip("\n").partition(" ")
        if not group:
            raise OSError(f"no folder for a clone ({folder}): set TMPDIR to one with space")
        try:
            yield Path(folder), int(group)
        finally:
            guard.stdin.close()
            guard.stdout.read()  # until all is gone


class _Shell:
    """Runs commands for a job, in the project's folder of its clone.

    Args:
        job: The job.
        folder: Its own folder.
        group: The group of processes that its commands join.
        log: What they write is added here.
    """

    def __init__(self, job: Job, folder: Path, group: int, log: list[str]) -> None:
        self.clone = folder / "clone"
        self.project = self.clone / job.folder
        self._group = group
        self._log = log
        self._environment = {
            **os.environ,
            **job.environment,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "DVC_SITE_CACHE_DIR": str(folder / "dvc"),
            "GIT_TERMINAL_PROMPT": "0",
        }

    def __call__(
        self, *command: str, where: Path | None = None, each: Callable[[str], None] | None = None
    ) -> None:
        """Run a command.

        Args:
            *command: Its words.
            where: The folder; that of the project by default.
            each: Is called with every line that the command writes.

        Raises:
            CalledProcessError: It ended badly; `output` is what it wrote.
        """
        before = len(self._log)
        with subprocess.Popen(  # noqa: S603
            command,
            cwd=where or self.project,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=self._group,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self._log.append(line)
                if each is not None:
                    each(line)
        if process.returncode:
            said = "".join(self._log[before:])
            raise subprocess.CalledProcessError(process.returncode, command, said)


def _clone(job: Job, shell: _Shell) -> None:
    name, address = job.author
    identity = ["-c", f"user.name={name}", "-c", f"user.email={address}"]
    shell("git", "clone", "--quiet", "-n", *identity, job.git, str(shell.clone), where=Path("/"))
    shell("git", "checkout", "--quiet", "--detach", job.commit, where=shell.clone)
    (shell.project / ".dvc/config.local").write_text(
        f'[core]\nremote = {job.remote}\n[\'remote "{job.remote}"\']\nurl = "{job.store}"\n'
    )


def _reproduce(job: Job, shell: _Shell) -> None:
    dvc = [sys.executable, "-m", "dvc"]
    push = [sys.executable, "-m", "studies.push_run_cache", job.remote, "--new"]
    pushed = time.monotonic()

    def keep(line: str) -> None:
        """Push what has finished when the next stage begins."""
        nonlocal pushed
        if line.startswith("Running stage") and time.monotonic() - pushed > _SECONDS_TO_LOSE:
            with suppress(subprocess.CalledProcessError):  # the last push tells
                shell(*push)
            pushed = time.monotonic()

    settings = [part for text in job.overrides for part in ("-S", text)]
    recorded = ["--name", job.name, "--message", f"{job.name}, on {machine()}"]
    try:
        shell(*dvc, "exp", "run", "--pull", *recorded, *settings, job.target, each=keep)
    except subprocess.CalledProcessError:
        with suppress(subprocess.CalledProcessError):  # why the run failed says more
            shell(*push)
        raise
    shell(*push)
    shell(*dvc, "exp", "push", "--force", "--remote", job.remote, "origin", job.name)


def _reason(error: subprocess.CalledProcessError) -> str:
    """Why a command failed: its last line of an error, that of a stage rather than of DVC."""
    lines: list[str] = [line.strip() for line in error.output.splitlines() if line.strip()]
    for begin in ("error: ", "fatal: ", "ERROR: "):
        for line in reversed(lines):
            if line.startswith(begin):
                return line.removeprefix(begin)
    last = lines[-1] if lines else f"status {error.returncode}"
    return f"`{' '.join(error.cmd[:5])}` failed: {last}"
