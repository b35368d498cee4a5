"""The documentation site: it builds without a warning, and its page of parameters is complete."""

import gc
import importlib
import shutil
from pathlib import Path

import pytest
from oracles.forked import in_fork

from docs.parameters_page import allowed, render, written
from novelty_maps.classifiers.objectives import OBJECTIVES
from novelty_maps.params.whole import Params
from novelty_maps.pipeline.section import read_yaml

ROOT = Path(__file__).resolve().parents[1]
PARAMS = ROOT / "params.yaml"


def cells(text: str) -> list[list[str]]:
    """Those of all rows of the tables in a page."""
    return [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| `")]


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    return cells(render(PARAMS))


def test_every_key_of_params_yaml_has_its_row_in_the_order_of_the_file(rows):
    keys = [f"{name}.{key}" for name, keys in read_yaml(PARAMS).items() for key in keys]
    assert [key.strip("`") for key, *rest in rows if len(rest) == 3] == keys


def test_a_row_has_the_value_and_the_description(rows):
    of = {key: rest for key, *rest in rows}
    section = read_yaml(PARAMS)["metrics"]
    description = Params.model_json_schema()["$defs"]["MetricsParams"]["properties"]["k"]
    assert of["`metrics.k`"] == [f"`{section['k']}`", "integer ≥ 1", description["description"]]


def test_every_objective_has_its_settings(rows):
    named = [name.strip("`") for cell, *rest in rows if len(rest) == 2 for name in cell.split(", ")]
    assert sorted(named) == sorted(OBJECTIVES)
    (jem,) = [settings for cell, *_, settings in rows if cell == "`jem`"]
    assert "`steps`: integer ≥ 1;" in jem
    assert "`energy_weight`: number > 0, `1.0` without" in jem


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "boolean"}, "true or false"),
        ({"type": "integer", "minimum": 8, "maximum": 512, "multipleOf": 4},
         "integer ≥ 8, ≤ 512, a multiple of 4"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "number > 0, < 1"),
        ({"enum": ["a", "b"], "type": "string"}, "`a`, `b`"),
        ({"const": "a", "type": "string"}, "`a`"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or `null`"),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}}, "list of: integer ≥ 1"),
    ],
)  # fmt: skip
def test_what_a_value_may_be_is_said_in_words(schema, words):
    assert allowed(schema) == words


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "`null`"),
        (True, "`true`"),
        (1e-05, "`1e-05`"),
        (["a", "b"], "`[a, b]`"),
        ({"a": {"objective": "jem"}, "b": {}}, "`a`, `b`"),
    ],
)
def test_values_are_written_as_in_params_yaml(value, code):
    assert written(value) == code


def build():
    """Exit status of Sphinx, in the working folder."""
    gc.disable()  # it would be a third of the time
    program = importlib.import_module("sphinx.cmd.build")
    return program.main(["-q", "-W", "--keep-going", "-b", "dummy", "docs", "site"])


def test_site_builds_without_a_warning(tmp_path, monkeypatch):
    """Also: every link within it leads somewhere, and every page is in the contents."""
    for package in ("furo", "myst_parser", "sphinx", "sphinxcontrib.mermaid"):
        pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[docs]'")
    for path in ROOT.iterdir():  # pages of the library are written among the others
        if path.name == "docs":
            shutil.copytree(path, tmp_path / "docs", ignore=shutil.ignore_patterns("library"))
        elif path.is_file():  # an include of a link would lead back to the pages here
            shutil.copy(path, tmp_path)
        elif not path.name.startswith(".") and path.name != "build":
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    done = in_fork(build)
    assert done.status == 0, done.err
    pages = {path.stem for path in (tmp_path / "docs/library").glob("*.rst")}
    made = {"novelty_maps.api", "novelty_maps.map_metric"}
    made |= {"novelty_maps.agreement.curves", "novelty_maps.representation.scores"}
    assert made <= pages
