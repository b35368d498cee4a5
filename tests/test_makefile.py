"""`make` with programs that only write down what they are asked, in folders of any name."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ["project", "my project (1)", 'Anna\'s #1 & $HOME; "50%" é']

# A python, of which `-m venv` makes more, and dvc.
FAKE = f"""#!{sys.executable}
import json, os, pathlib, shutil, sys
with open("asked.jsonl", "a") as file:
    file.write(json.dumps([sys.argv[1:], os.environ.get("DATASETS_ROOT")]) + "\\n")
if sys.argv[1:3] == ["-m", "venv"]:
    pathlib.Path(sys.argv[3], "bin").mkdir(parents=True)
    for name in ("python", "dvc"):
        shutil.copy(sys.argv[0], pathlib.Path(sys.argv[3], "bin", name))
"""


@pytest.fixture(params=FOLDERS)
def project(request, tmp_path):
    """A git repository with what make looks at, beside a Python of its own."""
    folder = tmp_path / request.param
    (folder / "studies/definitions").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / "studies/definitions/networks-cifar10.yaml").touch()
    python = folder.with_name(f"{request.param} python")
    python.write_text(FAKE)
    python.chmod(0o755)
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def make(folder, *arguments, python=None, **environment):
    given = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    given.pop("DATASETS_ROOT", None)
    python = python or folder.with_name(f"{folder.name} python").as_posix().replace("$", "$$")
    return subprocess.run(
        ["make", *arguments, f"PYTHON={python}"],
        cwd=folder,
        env=given | environment,
        capture_output=True,
        text=True,
    )


def asked(folder):
    return [json.loads(line) for line in (folder / "asked.jsonl").read_text().splitlines()]


def test_run_makes_the_environment_and_runs_the_pipeline_in_it(project):
    done = make(project, "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{project}/plots/report.html\n")
    assert [words for words, _ in asked(project)] == [
        ["-m", "venv", ".venv"],
        ["-m", "pip", "install", "--quiet", "-c", "constraints.txt", "-e", "."],
        ["-m", "stages.repro", "--jobs", "2"],
    ]


def test_folders_given_are_one_word_each_and_absolute(project):
    folders = {"CIFAR10": "my images (32), Anna's", "DATASETS_ROOT": "../my data (1)"}
    (project / ".venv/bin").mkdir(parents=True)
    for name in (".venv/bin/python", ".venv/bin/dvc"):
        shutil.copy(project.with_name(f"{project.name} python"), project / name)
    given = [f"{key}={value}" for key, value in folders.items()]
    done = make(project, "networks-cifar10", *given, "SET=train.epochs=2 metrics.k=5")
    assert done.returncode == 0, done.stderr
    words, root = asked(project)[-1]
    assert root == f"{project}/{folders['DATASETS_ROOT']}"
    assert words[:6] == ["-m", "studies", "run", "networks-cifar10", "--jobs", "2"]
    assert words[6:] == [
        *["--set", "data.name=folder"],
        *["--set", f'data.path="{project}/{folders["CIFAR10"]}"'],
        *["--set", "train.epochs=2", "--set", "metrics.k=5"],
    ]
    make(project, "networks-cifar10", "CIFAR10=/b c", DATASETS_ROOT="/a b")
    words, root = asked(project)[-1]
    assert root == "/a b"
    assert 'data.path="/b c"' in words


@pytest.mark.parametrize("target", ["run", "paper", "networks-cifar10"])
def test_unpacked_archive_is_told_to_become_a_repository_before_anything_is_made(project, target):
    shutil.rmtree(project / ".git")
    done = make(project, target, GIT_CEILING_DIRECTORIES=str(project.parent))
    assert done.returncode == 2
    said, *rest = done.stderr.splitlines()
    assert said.startswith("error: ")
    assert "not a git repository" in said
    assert "git init && git add . && git commit" in said
    assert [line.startswith("make: ***") for line in rest] == [True]
    assert not (project / ".venv").exists()


def test_own_photos_are_asked_for_their_own_defects_only_where_there_are_masks(project, tmp_path):
    photos = tmp_path / "my photos"
    missing = make(project, "natural", f"FOLDER={photos}")
    assert missing.returncode != 0
    assert f"error: FOLDER={photos} has no train/good" in missing.stderr
    (photos / "train/good").mkdir(parents=True)
    for masks in (False, True):
        if masks:
            (photos / "ground_truth").mkdir()
        done = make(project, "natural", f"FOLDER={photos}", "SET=split.validation_fraction=0.2")
        assert done.returncode == 0, done.stderr
        (run,) = [words for words, _ in asked(project)[-3:] if "exp" in words]
        assert f"data.path='{photos}'" in run
        assert "split.validation_fraction=0.2" in run
        assert any(word.endswith("ground_truth]") for word in run) == masks
        assert asked(project)[-2][0] == ["-m", "stages.report"]
        assert asked(project)[-1][0][:3] == ["-m", "stages.score", f"{photos}/test"]


def test_paper_ends_with_its_page(project):
    done = make(project, "paper")
    assert done.returncode == 0, done.stderr
    (run, _), (page, _) = asked(project)[-2:]
    assert run[:4] == ["exp", "run", "--name", "paper-mnist"]
    assert page == ["-m", "stages.report"]
    assert done.stdout.endswith(f"{project}/plots/report.html\n")
