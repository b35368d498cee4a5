"""A scratch pipeline of two stages in a git repository, and what machines share of it."""

from pathlib import Path

from dvc.cli import main
from oracles.forked import in_fork
from oracles.scratch_experiments import commit, git

from studies.task import Job

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = """
stages:
  make:
    cmd: python make.py
    deps: [make.py]
    params: [made.from]
    outs: [made.txt]
  measure:
    cmd: python measure.py
    deps: [made.txt, measure.py]
    params: [measured.k]
    metrics:
    - measured.json: {cache: false}
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "params.yaml": "made:\n  from: 1\nmeasured:\n  k: 0\n",
    "make.py": "import pathlib; pathlib.Path('made.txt').write_text('made')\n",
    "measure.py": (
        "import pathlib, sys\n"
        "if 'k: 0' in pathlib.Path('params.yaml').read_text():\n"
        "    sys.exit('error: measured.k is 0: give at least 1')\n"
        "pathlib.Path('measured.json').write_text('{\"length\": 4}')\n"
    ),
}


def dvc(*arguments):
    """Output of a DVC command."""
    done = in_fork(lambda: main(arguments))
    assert done.status == 0, done.err
    return done.out


def shared_pipeline(folder):
    """Make the pipeline in the working folder, and share it; what jobs on it have.

    Args:
        folder: Where the git remote, `git`, and the DVC remote, `a store`, are made.
    """
    git("init", "-q", "-b", "main")
    Path(".dvc").mkdir()
    Path(".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    Path(".dvc/config").write_text("[core]\nanalytics = false\ncheck_update = false\n")
    start = commit(FILES)
    git("init", "-q", "--bare", str(folder / "git"))
    git("remote", "add", "origin", str(folder / "git"))
    git("push", "-q", "origin", "main")
    return Job(
        name="x",
        commit=start,
        overrides=["++measured.k=1"],
        target="measure",
        git=str(folder / "git"),
        folder="",
        remote="store",
        store=str(folder / "a store"),
        author=("Test", "test@example.org"),
        environment={"PYTHONPATH": str(ROOT)},
    )
