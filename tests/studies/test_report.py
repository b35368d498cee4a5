"""The pages against the results that they report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from novelty_maps.statistics import RunsInterval
from studies import report
from studies.paths import DOCS, README, RESULTS, page_template

ROOT = Path(__file__).resolve().parents[2]
NUMBER = RunsInterval(estimate=4.5, low=4.25, high=4.75, sd=0.2, runs=5)


def committed():
    return report.Results(ROOT / RESULTS)


@pytest.mark.parametrize("name", report.PAGES)
def test_page_is_what_the_committed_results_say(name):
    page = report.render(ROOT / page_template(name), committed())
    assert (ROOT / DOCS / f"{name}.md").read_text() == page, "run `python -m studies report`"


def test_readme_is_what_the_committed_results_say():
    readme = (ROOT / README).read_text()
    answers = report.render(ROOT / page_template("readme"), committed())
    assert report.splice(readme, answers) == readme, "run `python -m studies report`"


@pytest.fixture
def results(tmp_path):
    for name in ("paper", "slides"):
        (tmp_path / f"{name}.json").write_text("{}")
    (tmp_path / "study").mkdir()
    rows = [
        {"metrics.k": k, "train.noise_std": 0.5, "metric": "agreement", **NUMBER._asdict()}
        for k in (5, 10)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "study/summary.csv", index=False)
    return report.Results(tmp_path)


def test_changed_result_changes_the_page(results, tmp_path):
    template = tmp_path / "page.jinja"
    template.write_text('{{ results.agreement.number("study", "agreement", k=5) | interval(2) }}')
    assert report.render(template, results) == "4.50 (4.25 to 4.75)\n"
    file = tmp_path / "study/summary.csv"
    file.write_text(file.read_text().replace("4.25", "4.125"))
    assert report.render(template, results) == "4.50 (4.12 to 4.75)\n"


def test_prediction_interval_holds_a_new_run_as_often_as_it_says():
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        *runs, new = generator.normal(3, 0.7, 6)
        number = RunsInterval(np.mean(runs), 0, 0, np.std(runs, ddof=1), 5)
        inside += report.within_spread(new, number)
    assert inside / 2000 == pytest.approx(0.95, abs=0.02)


def test_answers_are_replaced_between_their_markers_alone():
    readme = "a\n<!-- answers -->\nold\n<!-- end of answers -->\nb\n"
    spliced = report.splice(readme, "new\n")
    assert spliced == "a\n<!-- answers -->\nnew\n<!-- end of answers -->\nb\n"
    assert report.splice(spliced, "new\n") == spliced
