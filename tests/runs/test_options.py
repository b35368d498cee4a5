"""Commands explain themselves at once, and refuse what they do not know."""

import re

import pytest
from oracles.light_forks import run_each
from ruamel.yaml import YAML
from runs.workspace import ROOT, Workspace, dvc_stages, module_of

HELP_WITHOUT_SCIENCE = """
import runpy, sys
sys.argv = ["stages.{name}", "--help"]
try:
    runpy.run_module("stages.{name}", run_name="__main__", alter_sys=True)
finally:
    loaded = {{"torch", "pandas", "sklearn", "scipy", "numpy", "matplotlib"}} & set(sys.modules)
    print("loaded:", *sorted(loaded), file=sys.stderr)
"""


COMMANDS = [*map(module_of, dvc_stages()), "score"]


@pytest.fixture(scope="module")
def helped(tmp_path_factory):
    """What each command says of itself, and the folder in which it was asked."""
    top = tmp_path_factory.mktemp("helped")
    codes = {name: HELP_WITHOUT_SCIENCE.format(name=name) for name in COMMANDS}
    folders = {name: top / name for name in COMMANDS}
    for folder in folders.values():
        folder.mkdir()
    environment = Workspace(top / "workspace").environment(COLUMNS="200", TERMINAL_WIDTH="200")
    ended = run_each(codes, folders, environment)
    return {name: (ended[name], folders[name]) for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_explains_every_option_and_loads_nothing_heavy(helped, name):
    done, folder = helped[name]
    assert done.status == 0
    assert done.err == "loaded:\n"
    options = re.findall(r"^  (--[\w-]+)(.*)$", done.out, flags=re.MULTILINE)
    assert {"--params", "--help"} <= {option for option, _ in options}
    for option, rest in options:
        assert re.search(r"[A-Za-z]{2,}.*[A-Za-z]{2,}", rest.split("  ", 1)[-1]), option
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["data", "split", "train", "maps", "metrics", "plots"])
def test_every_parameter_of_a_stage_is_an_option(finished, name):
    stage = "fetch" if name == "data" else name
    said = finished.stage(stage, "--help", COLUMNS="200").stdout
    for key in YAML(typ="safe", pure=True).load(ROOT / "params.yaml")[name]:
        assert f"--{key.replace('_', '-')} " in said


def test_unknown_option_is_a_usage_error(workspace):
    before = workspace.snapshot()
    done = workspace.stage("metrics", "--kk", "3")
    assert done.returncode == 2
    assert "--kk" in done.stderr
    assert "Traceback" not in done.stderr
    assert workspace.snapshot() == before
