"""The tables of `docs/results` as the pages in `docs` and the README cite them.

Pages are Jinja templates that take every number from here, so that a page cannot disagree with
the results that it reports.
"""

import json
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from scipy import stats

from stages.lib import findings, role_effect, statistics
from stages.lib.detection_study import DetectionStudy, Detector
from stages.lib.errors import InputError
from stages.lib.localization_study import LocalizationStudy
from stages.lib.statistics import RunsInterval

PAGES = ("reproduction", "representation", "localization")
README_PARTS = ("results", "results on localization", "results on representations")


class Results:
    """All studies below a folder, looked up by study, metric and settings.

    Args:
        folder: One subfolder a study, as `stages.compare` writes it, and the two papers'
            own numbers, paper.json and slides.json.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paper: dict[str, Any] = json.loads((folder / "paper.json").read_text())
        self.slides: dict[str, Any] = json.loads((folder / "slides.json").read_text())

    def table(self, study: str, name: str = "summary", **settings: Any) -> pd.DataFrame:
        """Rows of a study's table with the given settings, each named without its section."""
        path = self.folder / study / f"{name}.csv"
        if not path.exists():
            raise InputError(f"{path} does not exist: run `make {study}`")
        table = pd.read_csv(path, dtype={"split.normal_classes": str})
        for setting, value in settings.items():
            (column,) = (c for c in map(str, table) if c.endswith(f".{setting}"))
            table = table[table[column].astype(str) == json.dumps(value)]
        return table

    def number(self, study: str, metric: str, **settings: Any) -> RunsInterval:
        """One metric of one configuration."""
        table = self.table(study, **settings)
        rows = table[table["metric"] == metric]
        if len(rows) != 1:
            raise InputError(f"{len(rows)} rows of {study} are {metric} with {settings}")
        return RunsInterval(*rows.iloc[0][list(RunsInterval._fields)])

    def chosen_rate(self) -> float:
        """The learning rate with the lowest loss on normal validation images."""
        runs = self.table("learning-rates", "runs")
        best = runs.sort_values("validation_loss").iloc[0]
        return float(best["train.learning_rate"])

    def networks(self) -> pd.DataFrame:
        """A row for every network that was evaluated at K = 10 on the paper's classes.

        The studies share networks, the first epochs of a long run above all: each counts once.
        """
        settings = {
            "train.learning_rate": self.chosen_rate(),
            "train.seed": 0,
            "train.noise_std": 0.0,
        }
        parts = [
            self.table("learning-rates", "trajectory"),
            self.table("seeds", "trajectory", k=10),
            self.table("trajectories", "trajectory"),
        ]
        networks = pd.concat(parts, ignore_index=True).fillna(settings)
        return networks.drop_duplicates([*settings, "epoch"], ignore_index=True)

    def class_sets(self) -> list[dict[str, Any]]:
        """A row for each set of normal classes: its run's metrics, `classes`, `normal_digits`."""
        seed_0 = self.table("seeds", "runs", k=10, seed=0).to_dict("records")
        others = self.table("classes", "runs").to_dict("records")
        rows = []
        for run in (*seed_0, *others):
            row: dict[str, Any] = {str(key): value for key, value in run.items()}
            classes = str(row.get("split.normal_classes", "[0, 1, 2, 3, 4]")).strip("[]")
            rows.append(row | {"classes": classes, "normal_digits": classes.count(",") + 1})
        return rows

    def role_table(self) -> pd.DataFrame:
        """`metrics/by_class.csv` of the runs of `class_sets`, one below the other."""
        seed_0 = self.table("seeds", "by_class", k=10, seed=0)
        return pd.concat([seed_0, self.table("classes", "by_class")])

    def detection(self, study: str) -> DetectionStudy:
        """A study of scores and oracles."""
        return DetectionStudy(self.folder / study)

    def localization(self, study: str) -> LocalizationStudy:
        """A study of maps against planted novelties."""
        return LocalizationStudy(self.folder / study)

    def verdicts(self) -> list[findings.Verdict]:
        """Each finding asked of all networks."""
        return findings.judge(self.networks())


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
        above=above,
    )
    return environment.from_string(template.read_text()).render().rstrip() + "\n"


def splice(page: str, name: str, part: str) -> str:
    """The README with one of its `README_PARTS`, between two markers, replaced."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    return f"{before}{begin}{part}{end}{after}"
