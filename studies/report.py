"""The tables of `studies/results` as the pages in `docs` and the README cite them.

Pages are Jinja templates that take every number from there, so that a page cannot disagree with
the results that it reports.
"""

import json
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from novelty_maps import statistics
from novelty_maps.pipeline import atomic, formats
from novelty_maps.statistics import RunsInterval
from studies import findings, replacement, role_effect
from studies.agreement import AgreementStudies
from studies.figures.agreement import agreement_figures
from studies.figures.localization import localization_figures
from studies.figures.representation import representation_figures
from studies.localization import LocalizationStudy
from studies.paths import DOCS, FIGURES, README, RESULTS, page_template
from studies.representation import Detector, RepresentationStudy

PAGES = ("agreement", "localization", "representation")


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
        self.paper: dict[str, Any] = json.loads((folder / "paper.json").read_text())
        self.slides: dict[str, Any] = json.loads((folder / "slides.json").read_text())

    def localization(self, study: str) -> LocalizationStudy:
        """A study of maps against planted novelties."""
        return LocalizationStudy(self._folder / study)

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
        **agreement_figures(results.agreement, results.paper),
        **localization_figures(results.localization("localization")),
        **representation_figures(results.representation, results.slides),
    }


def interval(number: RunsInterval, digits: int) -> str:
    """Estimate with its interval: 4.50 (4.41 to 4.59)."""
    return f"{number.estimate:.{digits}f} ({number.low:.{digits}f} to {number.high:.{digits}f})"


def rank_correlation(x: pd.Series, y: pd.Series) -> float:
    """Spearman's correlation of two columns."""
    return statistics.spearman(x, y).estimate


def within_spread(paper: float, number: RunsInterval) -> bool:
    """Whether a published number could be one more run of ours: a 95% prediction interval."""
    half = stats.t.ppf(0.975, number.runs - 1) * number.sd * np.sqrt(1 + 1 / number.runs)
    return bool(abs(paper - number.estimate) <= half)


def above(number: RunsInterval) -> str:
    """Whether a difference is above 0: "yes" and "no" where the interval says so, else "open"."""
    return "yes" if number.low > 0 else "no" if number.high < 0 else "open"


def render(template: Path, results: Results) -> str:
    """A page from its template.

    In it, `results` is the `Results`; the functions above and `Detector` are there too.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 (Markdown from our own numbers, not HTML)
    )
    environment.filters["interval"] = interval
    environment.globals.update(
        results=results,
        within_spread=within_spread,
        role_effect=role_effect.role_effect,
        met_by=findings.met_by,
        rank_correlation=rank_correlation,
        Detector=Detector,
        verdict_on=replacement.verdict_on,
        above=above,
    )
    return environment.from_string(template.read_text()).render().rstrip() + "\n"


def splice(readme: str, answers: str) -> str:
    """The README with the answers, between two markers, replaced."""
    begin, end = "<!-- answers -->\n", "<!-- end of answers -->"
    before, rest = readme.split(begin)
    after = rest.split(end)[1]
    return f"{before}{begin}{answers}{end}{after}"
