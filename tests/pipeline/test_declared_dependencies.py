"""dvc.yaml against the code: what a stage imports and reads is what it declares."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
STAGES = {
    name: stage.get("do", stage)  # a stage for each of several variants has its own under "do"
    for name, stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].items()
}
NO_STAGES = {"compare", "report", "score"}  # commands on several runs, or on new images


def first_party_imports(file: Path) -> set[Path]:
    """Files of this project that a file imports directly."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("stages") for alias in node.names), (
                f"{file}: write `from stages.lib import ...`, which this test can follow"
            )
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stages"):
            for alias in node.names:
                module = ROOT / Path(*f"{node.module}.{alias.name}".split(".")).with_suffix(".py")
                parent = ROOT / Path(*node.module.split(".")).with_suffix(".py")
                found.add(module if module.exists() else parent)
    return found


def modules_of(stage: str) -> set[str]:
    """Files that running a stage can execute, the package markers aside."""
    seen: set[Path] = set()
    todo = [ROOT / "stages" / f"{stage}.py"]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += first_party_imports(file)
    return {str(file.relative_to(ROOT)) for file in seen}


@pytest.mark.parametrize("stage", STAGES)
def test_code_dependencies_are_the_imports(stage: str) -> None:
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith("stages/")}
    assert declared == modules_of(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_a_module_command(stage: str) -> None:
    assert STAGES[stage]["cmd"].removesuffix(" ${key}") == f"python -m stages.{stage}"


def test_every_stage_module_is_in_the_pipeline() -> None:
    modules = {file.stem for file in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert modules == set(STAGES) | NO_STAGES


def test_every_parameter_is_some_stages_dependency() -> None:
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    declared = {
        key.split(".")[0]
        for name, stage in STAGES.items()
        if name != "check"
        for key in stage["params"]
    }
    assert declared == set(params)


def test_no_stage_reads_what_a_later_one_writes() -> None:
    written: set[str] = set()
    for stage in STAGES.values():
        for dep in stage["deps"]:
            if not dep.startswith("stages/"):
                # A whole output: DVC cannot restore a stage that reads a file in an output folder
                # from its run cache in a fresh clone, which lacks the committed folder.
                assert dep in written, dep
        for kind in ("outs", "metrics", "plots"):
            for out in stage.get(kind, []):
                path = out if isinstance(out, str) else next(iter(out))
                written.add(path.split("/${key}")[0])  # those of all variants lie in one folder


def test_results_in_git_do_not_turn_the_run_cache_off() -> None:
    # DVC skips its run cache for a stage with an uncached output of the plain kind.
    for name, stage in STAGES.items():
        for out in stage.get("outs", []):
            assert isinstance(out, str), f"{name}: {out} belongs under metrics or plots"
