"""Where studies read and write."""

from pathlib import Path

DEFINITIONS = Path("studies/definitions")
BASE = Path("studies/base.yaml")
RESULTS = Path("studies/results")
PAGES = Path("studies/pages")
DOCS = Path("docs")
FIGURES = DOCS / "figures"
README = Path("README.md")


def page_template(name: str) -> Path:
    """Template of one page in docs."""
    return PAGES / f"{name}.md.jinja"
