"""The pages against the results that they report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.lib import paths, report
from stages.lib.errors import InputError
from stages.lib.statistics import RunsInterval

ROOT = Path(__file__).resolve().parents[2]
NUMBER = RunsInterval(estimate=4.5, low=4.25, high=4.75, sd=0.2, runs=5)


def committed():
    return report.Results(ROOT / paths.RESULTS)


@pytest.mark.parametrize("name", report.PAGES)
def test_page_is_what_the_committed_results_say(name):
    page = report.render(ROOT / paths.TEMPLATES / f"{name}.md.jinja", committed())
    assert (ROOT / f"docs/{name}.md").read_text() == page, "run `python -m stages.report`"


def test_readme_is_what_the_committed_results_say():
    readme = (ROOT / paths.README).read_text()
    for name in report.README_PARTS:
        part = report.render(ROOT / paths.readme_template(name), committed())
        assert report.splice(readme, name, part) == readme, "run `python -m stages.report`"


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
    template.write_text('{{ results.number("study", "agreement", k=5) | interval(2) }}')
    assert report.render(template, results) == "4.50 (4.25 to 4.75)\n"
    file = tmp_path / "study/summary.csv"
    file.write_text(file.read_text().replace("4.25", "4.125"))
    assert report.render(template, results) == "4.50 (4.12 to 4.75)\n"


def test_number_is_looked_up_by_setting(results):
    assert results.number("study", "agreement", k=10, noise_std=0.5) == NUMBER


def test_number_that_is_not_there_or_not_unique_is_an_error(results):
    with pytest.raises(InputError, match="2 rows of study are agreement"):
        results.number("study", "agreement")
    with pytest.raises(InputError, match=r"0 rows .* \{'k': 7\}"):
        results.number("study", "agreement", k=7)
    with pytest.raises(InputError, match="run `make nothing`"):
        results.number("nothing", "agreement")


def test_prediction_interval_holds_a_new_run_as_often_as_it_says():
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        *runs, new = generator.normal(3, 0.7, 6)
        number = RunsInterval(np.mean(runs), 0, 0, np.std(runs, ddof=1), 5)
        inside += report.within_spread(new, number)
    assert inside / 2000 == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("name", report.README_PARTS)
def test_readme_part_is_replaced_between_its_markers_alone(name):
    page = "".join(
        f"a\n<!-- {each} -->\nold {each}\n<!-- end of {each} -->\nb\n"
        for each in report.README_PARTS
    )
    spliced = report.splice(page, name, "new\n")
    assert spliced == page.replace(f"old {name}\n<!--", "new\n<!--")
    assert report.splice(spliced, name, "new\n") == spliced
