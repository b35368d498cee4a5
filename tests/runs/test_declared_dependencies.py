"""dvc.yaml against the code: what a stage imports and reads is what it declares."""

import ast
import importlib
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from runs.workspace import ROOT, dvc_stages, module_of, outputs_of

from novelty_maps.pipeline.options import sections_of

STAGES = dvc_stages()
ALWAYS = {"inputs"}  # runs at every `dvc repro`, so it needs no dependencies
CODE = ("novelty_maps", "stages")
QUICK = {
    "check",
    "check_network",
    "ranks",
    "metrics",
    "trajectory",
    "plots",
    "report",
    "representation_plots",
}
QUICK |= {f"localization_{name}" for name in ("measures", "metrics", "plots")}
NO_STAGES = {"repro", "score", "__main__"}  # run stages, or take new images


def first_party_imports(file: Path) -> set[Path]:
    """Files of this project that a file imports directly."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] in CODE for alias in node.names), (
                f"{file}: write `from novelty_maps.x import ...`, which this test can follow"
            )
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in CODE:
            parent = ROOT.joinpath(*str(node.module).split("."))
            for alias in node.names:
                module = (parent / alias.name).with_suffix(".py")
                found.add(module if module.exists() else parent.with_suffix(".py"))
    return found


def code_of(stage: str) -> set[Path]:
    """Files that running a stage can execute, the packages' signs aside."""
    seen: set[Path] = set()
    todo = [ROOT.joinpath("stages", *module_of(stage).split(".")).with_suffix(".py")]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += first_party_imports(file)
    return seen


def declared_code(stage: str) -> dict[Path, set[Path]]:
    """Declared file or folder of code, to the modules in it."""
    declared = [dep for dep in STAGES[stage]["deps"] if dep.startswith(CODE)]
    found = {}
    for dep in declared:
        path = ROOT / dep
        modules = set(path.glob("**/*.py")) if path.is_dir() else {path}
        found[path] = {module for module in modules if module.name != "__init__.py"}
    return found


@pytest.mark.parametrize("stage", sorted(STAGES.keys() - ALWAYS))
def test_every_imported_module_lies_under_a_declared_dependency(stage: str) -> None:
    declared = set().union(*declared_code(stage).values())
    assert code_of(stage) - declared == set()


def test_stages_without_dependencies_run_always() -> None:
    assert {name for name, stage in STAGES.items() if stage.get("always_changed")} == ALWAYS
    assert {name for name, stage in STAGES.items() if not stage.get("deps")} == ALWAYS


@pytest.mark.parametrize("stage", sorted(STAGES.keys() - ALWAYS))
def test_every_declared_file_is_imported_and_of_every_folder_most(stage: str) -> None:
    # In stages that take seconds, a folder of which some is imported makes the shorter list.
    share = 0 if stage in QUICK else 0.5
    imported = code_of(stage)
    for path, modules in declared_code(stage).items():
        assert len(modules & imported) > share * len(modules), path


def test_packages_hold_no_code_beside_their_modules() -> None:
    for top in CODE:
        for sign in (ROOT / top).rglob("__init__.py"):
            (node,) = ast.parse(sign.read_text()).body
            assert isinstance(node, ast.Expr), sign
            assert len(ast.get_docstring(ast.parse(sign.read_text())) or "") > 20, sign


@pytest.mark.parametrize("stage", sorted(STAGES.keys() - ALWAYS))
def test_declared_parameters_are_those_that_the_command_reads(stage: str) -> None:
    if stage in ("check", "report"):  # the whole file
        assert STAGES[stage]["params"] == [{"params.yaml": None}]
        return
    main = importlib.import_module(f"stages.{module_of(stage)}").main
    read = {f"{read.name}.{key}" for read in sections_of(main).values() for key in read.keys}
    declared = set()
    for key in STAGES[stage].get("params", []):
        section, _, rest = key.replace(".${key}", "").partition(".")
        keys = [rest] if rest else YAML(typ="safe").load(ROOT / "params.yaml")[section]
        declared |= {f"{section}.{name}" for name in keys}
    assert declared == read


def test_what_k_runs_again_has_no_network_and_computes_no_map() -> None:
    reading = [
        stage
        for stage, declared in STAGES.items()
        if {"metrics", "metrics.k"} & set(map(str, declared.get("params", [])))
    ]
    assert len(reading) == 3
    for stage in reading:
        packages = {path.relative_to(ROOT).parts[1] for path in code_of(stage)}
        assert not {"autoencoders", "networks", "machine"} & packages, stage
        assert ROOT / "novelty_maps/maps/compute.py" not in code_of(stage)
        assert not {"data/maps", "data/model/autoencoder.pt"} & set(STAGES[stage]["deps"])


def test_every_stage_module_is_in_the_pipeline() -> None:
    modules = {
        ".".join(file.relative_to(ROOT / "stages").with_suffix("").parts)
        for file in (ROOT / "stages").rglob("*.py")
        if file.name != "__init__.py"
    }
    assert modules == set(map(module_of, STAGES)) | NO_STAGES


def test_every_stage_says_what_it_makes() -> None:
    assert all(stage["desc"] for stage in STAGES.values())


def test_no_stage_reads_what_a_later_one_writes() -> None:
    written: set[str] = set()
    for stage in STAGES.values():
        for dep in stage.get("deps", []):
            if not dep.startswith(CODE):
                # A whole output: DVC cannot restore a stage that reads a file in an output folder
                # from its run cache in a fresh clone, which lacks the committed folder.
                assert dep in written, dep
        # The outputs of all variants lie in one folder.
        written |= {path.split("/${key}")[0] for path in outputs_of(stage)}


def test_results_in_git_do_not_turn_the_run_cache_off() -> None:
    # DVC skips its run cache for a stage with an uncached output of the plain kind.
    for name, stage in STAGES.items():
        if name in ALWAYS:  # has no run cache, so that its outputs may stay until they are replaced
            continue
        for out in stage.get("outs", []):
            assert isinstance(out, str), f"{name}: {out} belongs under metrics or plots"
