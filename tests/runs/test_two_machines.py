"""A study on two machines that share a git remote, a DVC remote and a folder of checkpoints."""

import os
import re
import shutil
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from oracles.machines import two_machines
from oracles.scratch_experiments import commit, git

ROOT = Path(__file__).resolve().parents[2]
RAY = str(Path(sys.executable).parent / "ray")
PIPELINE = """
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py]
    params: [train.seed]
    outs: [prepared.txt]
  train:
    cmd: python train.py
    deps: [prepared.txt, train.py]
    outs: [weights.txt]
  plots:
    cmd: python plots.py
    deps: [weights.txt, plots.py]
    metrics:
    - measured.json: {cache: false}
"""
# What a stage tells: one line to a folder that both machines see.
TELL = """
import os, platform, sys
def tell(seed, what):
    with open(os.environ["TOLD"], "a") as told:
        told.write(f"{os.path.basename(sys.argv[0])} {seed} {what} on {platform.node()}\\n")
"""
PREPARE = """
import re
from pathlib import Path
from tell import tell
seed = re.search(r"\\n  seed: (\\d+)", Path("params.yaml").read_text().partition("\\ntrain:")[2])[1]
Path("prepared.txt").write_text(seed)
tell(seed, "ended")
"""
TRAIN = """
import time
from pathlib import Path
import torch
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.progress import train_with_progress
from tell import tell
seed = Path("prepared.txt").read_text()
device = torch.device("cpu")
torch.manual_seed(int(seed))
network = torch.nn.Linear(2, 2)
checkpoint = Checkpoint({}, [Path("prepared.txt")], device=device, threads=1)

def watch(state):
    tell(seed, f"epoch {state.epoch}")
    time.sleep(0.5)

state = train_with_progress(
    network,
    (torch.linspace(-1, 1, 22).view(11, 2),),
    checkpoint,
    watch=watch,
    batch_loss=lambda forward, generator, batch: forward(batch[0]).square().mean(),
    validation_loss=lambda trained: 1.0,
    learning_rate=0.01, batch_size=4, epochs=8, patience=8, seed=int(seed), device=device,
)
checkpoint.remove()
Path("weights.txt").write_text(seed + str(network.weight.tolist()))
tell(seed, "ended")
"""
PLOTS = """
from pathlib import Path
from tell import tell
seed = Path("weights.txt").read_text()[0]
Path("measured.json").write_text('{"seed": %s}' % seed)
tell(seed, "ended")
"""
STUDY = """
import sys
from studies import cluster, task
from studies.cluster import Places
from studies.definition import Changes, Definition
from studies.study import Study
task._SECONDS_TO_LOSE = 0
name, *seeds = sys.argv[1:]
changes = Changes(sweep={"train.seed": [int(seed) for seed in seeds]})
study = Study(name, Definition(question="agreement", says="Why?"), {name: changes})
cluster.run_on_cluster(study, study.runs(), Places("origin", "store"), address="auto", gpus=0)
"""


def impossible(why):
    """Skip the test, or fail where it is what the run is for."""
    (pytest.fail if "TWO_MACHINES" in os.environ else pytest.skip)(why)


@pytest.fixture(scope="session", autouse=True)
def _warm():
    """Nothing here runs in forks, or waits for the process that they would be of."""


@pytest.fixture(scope="module")
def machines():
    """Two machines that Ray joins, the project on the first, and the folder that they share."""
    if find_spec("ray") is None:
        impossible("needs Ray: pip install -e '.[cluster]'")
    absent = [name for name in ("unshare", "nsenter", "ip") if shutil.which(name) is None]
    if absent or os.geteuid():
        impossible(f"needs {', '.join(absent) or 'root'}, for machines as namespaces")
    stack = two_machines()
    try:
        first, second, shared = stack.__enter__()
    except OSError as error:
        impossible(f"no namespaces here: {error}")
    try:
        common = {
            "RAY_AUTH_MODE": "token",
            "PYTHONPATH": str(ROOT),
            "TOLD": str(shared / "told"),
            "CHECKPOINTS_ROOT": str(shared / "checkpoints"),
        }
        # Ray asks machines for a sign of life more often than it does by default, and waits less.
        common |= {
            "RAY_health_check_period_ms": "2000",
            "RAY_health_check_timeout_ms": "2000",
            "RAY_health_check_failure_threshold": "3",
            "RAY_grpc_client_keepalive_time_ms": "5000",
            "RAY_grpc_client_keepalive_timeout_ms": "5000",
        }
        options = ["--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats"]
        options += ["--include-log-monitor=false"]
        head = ["--head", "--port=6379", f"--temp-dir={first.own}", "--include-dashboard=false"]
        head += ["--no-monitor"]
        for machine, how in ((first, head), (second, [f"--address={first.address}:6379"])):
            (machine.own / ".ray").mkdir()
            (machine.own / ".ray/auth_token").write_text("0f" * 32)
            place = f"--node-ip-address={machine.address}"
            machine.run(RAY, "start", *how, place, *options, **common)
        project(first.own / "project", shared)
        yield first, second, shared, common
    finally:
        stack.__exit__(None, None, None)


def project(folder, shared):
    """Make the project's repository, and what machines share of it."""
    before = Path.cwd()
    folder.mkdir()
    os.chdir(folder)
    try:
        git("init", "-q", "-b", "main")
        for key, value in (("user.name", "Test"), ("user.email", "test@example.org")):
            git("config", key, value)
        scripts = {"tell": TELL, "prepare": PREPARE, "train": TRAIN, "plots": PLOTS}
        commit(
            {
                ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
                ".dvc/config": (
                    "[core]\nanalytics = false\ncheck_update = false\n"
                    f"['remote \"store\"']\nurl = {shared / 'store'}\n"
                ),
                ".gitignore": "__pycache__\n",
                "dvc.yaml": PIPELINE,
                "params.yaml": (ROOT / "params.yaml").read_text(),
                **{f"{name}.py": text for name, text in scripts.items()},
            }
        )
        git("init", "-q", "--bare", str(shared / "git"))
        git("remote", "add", "origin", str(shared / "git"))
        git("push", "-q", "origin", "main")
    finally:
        os.chdir(before)


def start(machines, name, *seeds):
    """Start a study on the first machine."""
    first, _, _, common = machines
    enter = ["sh", "-c", 'cd project && exec "$@"', "sh"]
    return first.start(*enter, sys.executable, "-c", STUDY, name, *seeds, **common)


def told(machines):
    file = machines[2] / "told"
    return file.read_text().splitlines() if file.exists() else []


def finish(process):
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def killed(machines):
    """What a study said during which the second machine was killed while it trained."""
    second = machines[1]
    process = start(machines, "seeds", "0", "1")
    try:
        end = time.monotonic() + 300
        while not any("epoch 3 on second" in line for line in told(machines)):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < end
            time.sleep(0.05)
        second.kill()
        return finish(process)
    finally:
        process.kill()


def seed_of_the_killed(machines):
    return re.search(r"train.py (\d) epoch 3 on second", "\n".join(told(machines)))[1]


def test_run_of_a_killed_machine_goes_on_elsewhere_and_nothing_finished_runs_twice(
    machines, killed
):
    lines, seed = told(machines), seed_of_the_killed(machines)
    assert f"prepare.py {seed} ended on second" in lines
    assert f"train.py {seed} ended on first" in lines
    ended = [line.partition(" ended")[0] for line in lines if " ended" in line]
    assert sorted(ended) == sorted(
        f"{stage}.py {seed}" for stage in ("prepare", "train", "plots") for seed in "01"
    )
    epochs = [int(line.split()[3]) for line in lines if line.startswith(f"train.py {seed} epoch")]
    assert epochs == [1, 2, 3, 4, 5, 6, 7, 8] or epochs == [1, 2, 3, 4, 4, 5, 6, 7, 8]
    assert "second was lost: its runs begin again elsewhere" in killed
    number = int(seed) + 1
    assert re.search(rf"seeds-{number} finished on first .*, stages run: 2\n", killed), killed
    assert re.search(rf"seeds-{3 - number} finished on first .*, stages run: 3\n", killed), killed


def test_study_that_finished_runs_nothing_and_one_of_the_same_settings_no_stage(machines, killed):
    before = told(machines)
    assert finish(start(machines, "seeds", "0", "1")).endswith("\n2 of 2 finished before\n")
    again = finish(start(machines, "again", seed_of_the_killed(machines)))
    assert again.count("stages run: 0\n") == 1
    assert told(machines) == before


def test_clones_and_checkpoints_are_gone(machines, killed):
    first, _, shared, _ = machines
    assert list((shared / "checkpoints").iterdir()) == []
    assert [path.name for path in first.own.glob("seeds-*")] == []
