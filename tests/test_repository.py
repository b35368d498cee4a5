"""Files that a forge or a person's tools read: they agree with the project and with each other."""

import json
import re
import shlex
import tomllib
from itertools import chain, pairwise
from pathlib import Path

import pytest

from novelty_maps.pipeline.section import read_yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def recipe(target: str) -> list[str]:
    """Commands that `make` runs for a target."""
    _, _, rest = (ROOT / "Makefile").read_text().partition(f"\n{target}: ")
    return [line.strip() for line in rest.partition("\n\n")[0].splitlines()[1:]]


def test_versions_are_the_same_everywhere():
    released = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", _changelog(), re.MULTILINE)
    assert read_yaml(ROOT / "CITATION.cff")["version"] == PROJECT["version"] == released[0]
    assert read_yaml(ROOT / "CITATION.cff")["license"] == PROJECT["license"]


def test_changelog_begins_with_what_is_not_released():
    headings = re.findall(r"^## (.*)$", _changelog(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    kinds = set(re.findall(r"^### (.*)$", _changelog(), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def _changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text()


def test_every_python_that_is_named_is_the_same():
    (stated,) = [
        line.split()[-1] for line in PROJECT["classifiers"] if re.search(r"Python :: \d\.\d", line)
    ]
    assert PROJECT["requires-python"] == f">={stated}"
    assert f"PYTHON ?= python{stated}\n" in (ROOT / "Makefile").read_text()
    assert f"\nFROM python:{stated}-slim\n" in (ROOT / "Dockerfile").read_text()
    steps = read_yaml(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    (python,) = [step for step in steps if "setup-python" in step.get("uses", "")]
    assert python["with"]["python-version"] == stated


def test_the_forge_runs_what_continuous_integration_runs():
    steps = read_yaml(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["bash .ci/run"]
    assert (ROOT / ".ci/run").exists()


def test_hooks_before_a_commit_are_the_first_checks_of_make_test():
    (local,) = read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    programs = [shlex.split(hook["entry"])[0] for hook in local["hooks"]]
    checks = [f".venv/bin/{line.split()[0]}" for line in recipe("test")]
    assert programs == checks[: len(programs)]


def test_the_image_makes_what_the_makefile_knows():
    text = (ROOT / "Dockerfile").read_text()
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    targets = re.findall(r"make (\.venv/\w+)", text + container["postCreateCommand"])
    assert len(targets) == 2
    for target in targets:
        assert recipe(target)
    assert json.loads(text.splitlines()[-1].removeprefix("CMD ")) == ["make", "run"]
    assert text.index("USER novelty") < text.index("CMD ")
    place = ROOT / ".devcontainer" / container["build"]["dockerfile"]
    assert place.resolve() == ROOT / "Dockerfile"


@pytest.mark.parametrize("name", ["bug", "result"])
def test_templates_of_issues_say_what_they_are(name):
    _, front, body = (ROOT / f".github/ISSUE_TEMPLATE/{name}.md").read_text().split("---\n", 2)
    assert {"name", "about"} <= {line.partition(":")[0] for line in front.splitlines()}
    assert body.strip()


def test_lock_has_the_versions_of_constraints_and_a_hash_of_each():
    lines = (ROOT / "requirements.lock").read_text().split("\n")
    pinned = [line.split()[0] for line in lines if line[:1].isalnum()]
    after = [following for line, following in pairwise(lines) if line[:1].isalnum()]
    assert all(line.startswith("    --hash=sha256:") for line in after)
    constraints = (ROOT / "constraints.txt").read_text().split("\n")[1:-1]
    assert {_normal(line) for line in constraints} <= {_normal(line) for line in pinned}
    declared = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    names = {_normal(line).partition("==")[0] for line in pinned}
    assert {_normal(re.match(r"[\w.-]+", text)[0]) for text in declared} <= names


def _normal(requirement: str) -> str:
    name, equal, version = requirement.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + equal + version
