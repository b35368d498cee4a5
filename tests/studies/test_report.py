"""The pages against the results that they report."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from oracles.once import once
from oracles.study_tables import PRECISION, maps, of_run

from novelty_maps.statistics.over_runs import RunsInterval
from studies import report
from studies.authors import MAIN
from studies.localization import EachRun, LocalizationStudy
from studies.paths import DOCS, README, RESULTS, page_template

ROOT = Path(__file__).resolve().parents[2]
NUMBER = RunsInterval(estimate=4.5, low=4.25, high=4.75, sd=0.2, runs=5)


def committed():
    return report.Results(ROOT / RESULTS)


@once
def committed_page(name):
    return report.render(ROOT / page_template(name), committed())


@pytest.mark.parametrize("name", report.PAGES)
def test_page_is_what_the_committed_results_say(name):
    page = committed_page(name)
    assert (ROOT / DOCS / f"{name}.md").read_text() == page, "run `python -m studies report`"


def test_readme_is_what_the_committed_results_say():
    readme = (ROOT / README).read_text()
    answers = committed_page("readme")
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


def test_maps_of_the_authors_networks_are_rows_with_their_names(results, tmp_path):
    rows = [
        {"run": "x-1", "train.from_checkpoint": json.dumps(f"w/{name}.pt"), "grouping": grouping}
        for name in ("plain-a-050", "noisy-500")
        for grouping in ("all", "kind")
    ]
    for study in report.LOCALIZED:
        (tmp_path / study).mkdir()
        pd.DataFrame(rows).to_csv(tmp_path / study / "localization.csv", index=False)
    found = results.localized("kind")
    assert len(found) == 2 * len(report.LOCALIZED)
    assert found["grouping"].unique().tolist() == ["kind"]
    named = found[["source", "training", "run", "epoch"]].to_numpy().tolist()
    assert named[0] == ["authors", "plain", "a", 50]
    assert named[1][1:] == ["denoising", "", 500]


def test_networks_in_the_authors_setting_are_single_runs_and_others_are_pooled(results, tmp_path):
    files = ("plain-a-500", "plain-b-500")
    for study in report.LOCALIZED:
        (tmp_path / study).mkdir()
        parts = [of_run(maps(PRECISION), train__from_checkpoint=f"w/{name}.pt") for name in files]
        pd.concat(parts).to_csv(tmp_path / study / "localization.csv", index=False)
    studies = results.long_trained()
    assert [type(study) for study in studies] == [EachRun] * len(report.LOCALIZED)
    assert [study.networks() for study in studies] == [[MAIN, "authors, plain b, 500"]] * 2
    assert type(results.localization("study")) is LocalizationStudy


def test_main_network_and_last_rows_are_there_for_pages(results, tmp_path):
    rows = [("ours", "plain", "seed 0", epoch) for epoch in (5, 20)]
    table = pd.DataFrame(rows, columns=["source", "training", "run", "epoch"])
    results.table = table
    template = tmp_path / "page.jinja"
    template.write_text("{{ MAIN }}: {{ last_rows(results.table)['epoch'].tolist() }}")
    assert report.render(template, results) == f"{MAIN}: [20]\n"


def test_answers_are_replaced_between_their_markers_alone():
    readme = "a\n<!-- answers -->\nold\n<!-- end of answers -->\nb\n"
    spliced = report.splice(readme, "new\n")
    assert spliced == "a\n<!-- answers -->\nnew\n<!-- end of answers -->\nb\n"
    assert report.splice(spliced, "new\n") == spliced


@pytest.fixture(scope="module")
def without_held_out_classes(tmp_path_factory):
    """The committed results as they are without `representation.held_out_classes`."""
    folder = tmp_path_factory.mktemp("without") / "results"
    shutil.copytree(ROOT / RESULTS, folder, copy_function=os.symlink)
    for file in folder.glob("*/detection*.csv"):
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
        file.unlink()
        table[table["labels"] != "other classes"].to_csv(file, index=False)
    return report.Results(folder)


@pytest.mark.parametrize("name", ["representation", "readme"])
def test_page_without_held_out_classes_says_so_and_no_number_of_them(
    without_held_out_classes, name
):
    page = report.render(ROOT / page_template(name), without_held_out_classes)
    whole = committed_page(name)
    unseen = committed().representation("representations-cifar10")
    number = f"{unseen.each_class('nominal', 'other classes').estimate:.2f}"
    told = (
        "No class was held out of a forest's labels",
        "| no class was held out | - | - | - | - |",
    )
    if name == "readme":
        assert f"but {number}" in whole
        assert f"but {number}" not in page
    else:
        assert f"| {number}" in whole
        assert f"| the other novel classes, not the one it is tested on | {number}" not in page
        assert all(text in page and text not in whole for text in told)
