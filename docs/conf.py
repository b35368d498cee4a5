"""The documentation site: `make docs` builds it from these pages, the README and the docstrings."""

import re
import sys
from importlib import metadata
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from parameters_page import render  # noqa: E402

project = "novelty-maps"
author = "novelty-maps contributors"
release = metadata.version(project)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinxcontrib.mermaid",
]
html_theme = "furo"
html_title = project
html_show_copyright = False
default_role = "code"
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
templates_path = ["templates"]
exclude_patterns = ["templates"]
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
# A field that the class's docstring explains is not listed a second time, nor its type.
napoleon_use_ivar = True
napoleon_attr_annotations = False


def _with_parameters(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the tables of parameters where their page asks for them."""
    if page == "parameters":
        source[0] = source[0].replace("<!-- parameters -->", render(ROOT / "params.yaml"))


def _without_links_to_folders(app: Sphinx, doctree: nodes.document) -> None:
    """Leave the text of a link to a folder, of which the site has no page."""
    for link in list(doctree.findall(addnodes.pending_xref)):
        if (ROOT / "docs" / link["reftarget"]).is_dir():
            link.replace_self(link.children)


def _without_fields(
    app: Sphinx, what: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Leave out the fields of named tuples, whose docstrings Python makes."""
    return (thing.__doc__ or "").startswith("Alias for field number") or None


def _with_bars_and_stars(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Keep reStructuredText from taking |e|, and the star of *size alone, for markup.

    Code between backticks and *emphasis* stay as they are.
    """
    parts = "\n".join(lines).split("`")
    parts[::2] = [
        re.sub(r"(\*+[^*]+\*+)|(?<!\\)([|*])", lambda found: found[1] or f"\\{found[2]}", part)
        for part in parts[::2]
    ]
    lines[:] = "`".join(parts).split("\n")


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    app.connect("source-read", _with_parameters)
    app.connect("doctree-read", _without_links_to_folders)
    app.connect("autodoc-skip-member", _without_fields)
    app.connect("autodoc-process-docstring", _with_bars_and_stars)
