"""The tables of `studies/results` as the pages in `docs` and the README cite them.

Pages are Jinja templates that take every number from there, so that a page cannot disagree with
the results that it reports.
"""

import functools
import json
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from matplotlib.figure import Figure

from novelty_maps.maps.names import CONTROLS, DETECTORS, short_name
from novelty_maps.pipeline import atomic, formats
from novelty_maps.statistics.over_runs import RunsInterval
from studies import authors, claims, lookup, reached, replacement, role_effect
from studies.agreement import AgreementStudies
from studies.figures.agreement import role_figure
from studies.figures.authors import along_training, nulls_over_training
from studies.figures.localization import localization_figures
from studies.figures.natural import natural_figure
from studies.figures.representation import representation_figures
from studies.localization import EachRun, LocalizationStudy, last_networks
from studies.natural import PhotoStudy, from_digits, prediction
from studies.paths import DOCS, FIGURES, README, RESULTS, page_template
from studies.representation import Detector, RepresentationStudy

PAGES = ("agreement", "localization", "natural", "representation")
LOCALIZED = ("localization-published", "localization-training")


class Results:
    """All studies below a folder.

    Args:
        folder: One subfolder a study, as `python -m studies compare` writes it, and the two papers'
            own numbers, paper.json and slides.json.

    Attributes:
        agreement: The studies of agreement.
        paper: Numbers of Feeney & Hughes.
        slides: Numbers of Dietterich & Guyer.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.agreement = AgreementStudies(folder)
        self._long_trained = [self.each_run(study) for study in LOCALIZED]  # read once, if asked
        self.paper: dict[str, Any] = json.loads((folder / "paper.json").read_bytes())
        self.slides: dict[str, Any] = json.loads((folder / "slides.json").read_bytes())

    def localization(self, study: str) -> LocalizationStudy:
        """A study of maps against planted novelties."""
        return LocalizationStudy(self._folder / study)

    def photos(self) -> PhotoStudy:
        """The study of natural defects."""
        return PhotoStudy(self._folder / "natural-defects")

    def each_run(self, study: str) -> EachRun:
        """The same in the authors' setting, no run pooled with another."""
        return EachRun(self._folder / study)

    def long_trained(self) -> list[EachRun]:
        """The studies of maps against planted novelties in the authors' networks, and ours."""
        return self._long_trained

    def localized(self, grouping: str) -> pd.DataFrame:
        """Every map's measures on the groups of a grouping, of each run of these studies.

        The columns of `authors.Network`, then those of `metrics/localization.csv`.
        """
        tables = [lookup.read_table(self._folder / study, "localization") for study in LOCALIZED]
        parts = [
            authors.with_networks(table[table["grouping"] == grouping].reset_index(drop=True))
            for table in tables
        ]
        return pd.concat(parts, ignore_index=True)

    def representation(self, study: str) -> RepresentationStudy:
        """A study of scores and oracles."""
        return RepresentationStudy(self._folder / study)


def write_report() -> None:
    """Write the pages and figures in docs and the answers in the README."""
    results = Results(RESULTS)
    pages = {name: render(page_template(name), results) for name in PAGES}
    answers = render(page_template("readme"), results)
    readme = splice(README.read_text(encoding="utf-8"), answers)
    figures = all_figures(results)
    with atomic.written_together():
        for name, page in pages.items():
            formats.write_text(DOCS / f"{name}.md", page)
        formats.write_text(README, readme)
        for name, figure in figures.items():
            formats.write_figure(FIGURES / f"{name}.png", figure, dpi=150)


def all_figures(results: Results) -> dict[str, Figure]:
    """Name to figure, of all questions."""
    return {
        "training": along_training(results.agreement.smoothed(), results.localized("all")),
        "nulls": nulls_over_training(results.agreement.smoothed()),
        "classes": role_figure(results.agreement.role_table()),
        **localization_figures(
            results.long_trained()[0], results.localization("localization-networks")
        ),
        "natural": natural_figure(results.photos()),
        **representation_figures(results.representation, results.slides),
    }


def interval(number: RunsInterval, digits: int) -> str:
    """Estimate with its interval: 4.50 (4.41 to 4.59)."""
    return f"{number.estimate:.{digits}f} ({number.low:.{digits}f} to {number.high:.{digits}f})"


def above(number: RunsInterval) -> str:
    """Whether a difference is above 0: "yes" and "no" where the interval says so, else "open"."""
    return "yes" if number.low > 0 else "no" if number.high < 0 else "open"


def render(template: Path, results: Results) -> str:
    """A page from its template.

    In it, `results` is the `Results`; the functions above and `Detector` are there too.
    """
    page = _compiled(template.read_text(encoding="utf-8"))
    verdict_on = functools.cache(replacement.verdict_on)  # a page asks for each several times
    return page.render(results=results, verdict_on=verdict_on).rstrip() + "\n"


@functools.cache
def _compiled(template: str) -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 (Markdown from our own numbers, not HTML)
    )
    environment.filters["interval"] = interval
    environment.globals.update(
        role_effect=role_effect.role_effect,
        near=authors.near,
        settled=claims.settled,
        share=claims.share,
        fallen=claims.fallen,
        counted=claims.counted,
        compared=claims.compared,
        falls=claims.falls,
        mechanical=claims.mechanical,
        below_null=claims.below_null,
        covered=claims.covered,
        last_networks=last_networks,
        last_rows=authors.last_rows,
        MAIN=authors.MAIN,
        Detector=Detector,
        prediction=prediction,
        reached=reached,
        from_digits=from_digits,
        CONTROLS=CONTROLS,
        DETECTORS=DETECTORS,
        above=above,
        short_name=short_name,
    )
    return environment.from_string(template)


def splice(readme: str, answers: str) -> str:
    """The README with the answers, between two markers, replaced."""
    begin, end = "<!-- answers -->\n", "<!-- end of answers -->"
    before, rest = readme.split(begin)
    after = rest.split(end)[1]
    return f"{before}{begin}{answers}{end}{after}"
