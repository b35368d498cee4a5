"""The page as text: the template, filled, with all that it needs in it."""

import json
from collections.abc import Callable, Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Protocol

import itables
import jinja2
import vl_convert

from novelty_maps.pipeline.formats import finite

_VERSIONS = ("torch", "numpy", "scikit-learn", "altair", "itables")
_SCRIPTS = ("sprites.js", "gallery.js", "novelties.js", "compared.js", "page.js")
_VEGA: Callable[[], str] = vl_convert.javascript_bundle  # type: ignore[assignment]  # has a default
_FILES = resources.files("novelty_maps.page") / "templates"


class Page(Protocol):
    """What is shown."""

    @property
    def template(self) -> str:
        """The file in `templates` that shows it."""

    def held(self) -> Mapping[str, Any]:
        """What the scripts read: the data of images, novelties, charts and runs."""


def page_html(page: Page) -> str:
    """A page as one HTML file that loads nothing."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("novelty_maps.page", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["setting"] = _setting
    bundle = Path(itables.options.dt_bundle)
    held = finite(page.held())
    return environment.get_template(page.template).render(
        page=page,
        data=jinja2.utils.htmlsafe_json_dumps(held, dumps=json.dumps, allow_nan=False),
        styles=bundle.with_suffix(".css").read_text("utf-8") + _file("page.css"),
        scripts=[_VEGA(), *map(_file, _SCRIPTS)],
        sorting=bundle.read_text("utf-8"),
        versions={name: metadata.version(name) for name in ("novelty-maps", *_VERSIONS)},
    )


def _file(name: str) -> str:
    return (_FILES / name).read_text("utf-8")


def _setting(value: Any) -> str:
    """A value of params.yaml in one line."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
