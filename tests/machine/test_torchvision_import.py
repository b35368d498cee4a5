"""torchvision loads beside this PyTorch, from one place, and heavy imports wait for the command."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from oracles.light_forks import run_each

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for top in ("novelty_maps", "stages", "studies") for path in (ROOT / top).rglob("*.py")
)
STAGES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in SOURCES
    if path.relative_to(ROOT).parts[0] == "stages" and path.stem != "__init__"
]
HEAVY = ("torch", "torchvision", "sklearn", "pandas", "scipy", "matplotlib", "numpy")


def fresh(code: str) -> str:
    """What a new interpreter prints that runs the code in the project's folder."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def imported(path: Path) -> set[str]:
    """Top-level packages that a source file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_torchvision_loads_in_a_fresh_interpreter_and_again():
    code = (
        "from novelty_maps.machine.torchvision_import import load_torchvision as load\n"
        "assert load() is load()\n"
        "print(load().datasets.MNIST.__name__)"
    )
    assert fresh(code) == "MNIST"


def test_only_one_module_imports_torchvision():
    importing = [path for path in SOURCES if "torchvision" in imported(path)]
    assert importing == [ROOT / "novelty_maps" / "machine" / "torchvision_import.py"]


def test_no_module_imports_torchvision_by_a_string():
    for path in SOURCES:
        if path.stem != "torchvision_import":
            calls = [
                node
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call)
                and getattr(node.func, "attr", getattr(node.func, "id", ""))
                in {"import_module", "__import__"}
            ]
            assert not calls, path


def test_there_are_stages_to_look_at():
    assert {"stages.check", "stages.train", "stages.localization.plant"} <= set(STAGES)


@pytest.fixture(scope="module")
def loaded():
    """What importing each stage, and nothing, loads of the heavy packages."""
    code = "import sys, {}\nprint(*sorted(set(sys.modules) & set({!r})))"
    codes = {name: code.format(name, HEAVY) for name in ("sys", *STAGES)}
    return run_each(codes, dict.fromkeys(codes, ROOT), {**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("stage", ["sys", *STAGES])
def test_importing_a_stage_imports_nothing_heavy(loaded, stage):
    assert loaded[stage] == (0, "\n", "")
