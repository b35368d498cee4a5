"""The page of experiments is made of their tables, and says what is not there."""

import html
from pathlib import Path

import pandas as pd
import pytest
from oracles.scratch_experiments import commit, experiment, git, of_agreement

from novelty_maps.page.render import page_html
from novelty_maps.pipeline.errors import InputError
from studies.experiments import find_experiments
from studies.page import page_of_experiments, page_of_results

RESULTS = Path(__file__).resolve().parents[2] / "studies/results"


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Three experiments, two of which differ in the seed alone; DVC has none of their images."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    start = commit({"readme": "text"})
    for number, (rate, seed, agreement) in enumerate([(0.1, 0, 4.0), (0.1, 1, 5.0), (0.2, 0, 7.0)]):
        files = of_agreement(rate=rate, seed=seed, agreement=agreement)
        files["metrics/trajectory.csv"] = "epoch,best\n1,1\n"
        files["metrics/agreement_histogram.csv"] = "agreement,normal\n0,1\n"
        experiment(f"mine-{number + 1}", start, files)
    return find_experiments(["mine"], start=start)


def test_settings_and_numbers_are_those_of_the_experiments(found):
    page = page_of_experiments(found, question="agreement", title="Mine?")
    assert page.settings.heads == ["run", "train.learning_rate", "train.seed"]
    assert [[cell.text for cell in row] for row in page.settings.rows] == [
        ["mine-1", "0.1", "0"],
        ["mine-2", "0.1", "1"],
        ["mine-3", "0.2", "0"],
    ]
    (agreement,) = [each for each in page.answers if "normal images" in each.question]
    assert [number.value for number in agreement.numbers] == [4.5, 7.0]
    assert page.shared == {"split": {"normal_classes": [0, 1]}}
    assert page.facts["runs"] == "3 runs"
    assert "Mine?" in page_html(page)


def test_images_that_are_not_here_are_left_out_with_the_reason(found):
    page = page_of_experiments(found, question="agreement", title="Mine?")
    assert page.images is None
    (said,) = page.left_out
    assert said.startswith("No images are shown: ")
    assert said in html.unescape(page_html(page))


@pytest.mark.parametrize(
    ("study", "question", "table", "runs"),
    [
        ("seeds", "agreement", "runs", 10),
        ("localization-networks", "localization", "localization", 13),
        ("representations-mnist", "representation", "detection", 5),
        ("both-papers", "representation", "detection", 1),
    ],
)
def test_tables_of_a_study_make_a_page_without_images(study, question, table, runs):
    page = page_of_results(RESULTS / study, question=question, title="Why?")
    names = pd.read_csv(RESULTS / study / f"{table}.csv")["run"].unique().tolist()
    assert [row[0].text for row in page.settings.rows] == names
    assert len(names) == runs
    assert all(answer.numbers for answer in page.answers)
    assert "without experiments" in page.left_out[0]
    assert len(page_html(page)) < 2_500_000


def test_folder_without_tables_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"no table runs.csv about agreement"):
        page_of_results(tmp_path, question="agreement", title="")
    seeds = RESULTS / "seeds"
    with pytest.raises(InputError, match=r"no table localization.csv about .*: give another --que"):
        page_of_results(seeds, question="localization", title="")
