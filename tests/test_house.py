"""The tree explains itself: sizes, and tests where their module's name says."""

import ast
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path for top in ("novelty_maps", "stages", "studies") for path in (ROOT / top).rglob("*.py")
)
MODULE_LINES, FUNCTION_LINES = 250, 40


def lines_with_code(file: Path) -> set[int]:
    """Numbers of the lines that hold more than a comment."""
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    with tokenize.open(file) as stream:
        for token in tokenize.generate_tokens(stream.readline):
            if token.type not in layout:
                lines |= set(range(token.start[0], token.end[0] + 1))
    return lines


def lines_of_code(lines: set[int], function: ast.FunctionDef) -> int:
    """How many of these a function has from `def` on, without its docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = range(first.lineno, (first.end_lineno or 0) + 1) if documented else range(0)
    own = range(function.lineno, (function.end_lineno or 0) + 1)
    return len((lines & set(own)) - set(docstring))


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_module_and_its_functions_are_short(path: Path) -> None:
    text, lines = path.read_text(), lines_with_code(path)
    assert len(text.splitlines()) <= MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert lines_of_code(lines, node) <= FUNCTION_LINES, node.name


def test_tests_lie_where_their_modules_names_say() -> None:
    modules = {path.relative_to(ROOT).with_suffix("") for path in MODULES}
    library = {Path(*path.parts[1:]) for path in modules if path.parts[0] == "novelty_maps"}
    places = library | modules
    places |= {path.parent for path in places if path.parent.name}  # a package as a whole
    known = {path.parent / f"test_{path.name}" for path in places}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        place = path.relative_to(ROOT / "tests").with_suffix("")
        if place.parts[0] == "runs" or len(place.parts) == 1:  # real runs; the house itself
            continue
        name = place.name.removesuffix("_oracle").removesuffix("_properties")
        assert place.with_name(name) in known, path
