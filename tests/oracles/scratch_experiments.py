"""A scratch git repository with finished DVC experiments in it."""

import json
import subprocess
from pathlib import Path

PARAMS = "split:\n  normal_classes: {classes}\ntrain:\n  learning_rate: {rate}\n  seed: {seed}\n"


def git(*arguments):
    """Output of a git command."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(files):
    """A commit with these files, path to text or bytes; returns its hash."""
    for path, text in files.items():
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    git("add", ".")
    git("commit", "-q", "--allow-empty", "-m", "files")
    return git("rev-parse", "HEAD")


def experiment(name, start, files):
    """A finished experiment with these files, as DVC keeps it."""
    made = commit(files)
    git("update-ref", f"refs/exps/{start[:2]}/{start[2:]}/{name}", made)
    git("reset", "-q", "--hard", start)


def of_agreement(*, rate=0.1, seed=0, agreement=4.0):
    """What a run about agreement leaves for comparison, in short."""
    interval = {"estimate": agreement, "low": agreement - 0.2, "high": agreement + 0.2}
    return {
        "params.yaml": PARAMS.format(classes=[0, 1], rate=rate, seed=seed),
        "metrics/training.json": json.dumps({"validation_loss": rate}),
        "metrics/agreement.json": json.dumps({"normal": {"agreement": interval}}),
        "metrics/explanation.json": json.dumps({"all": {"share": 0.5}}),
        "metrics/by_class.csv": "label,agreement\n0,1\n1,2\n",
    }
