"""A page of the questions that were asked."""

import pytest
from oracles import detection_tables
from oracles.small_page import COUNT, SETTINGS, scores, small_page, small_parts

from novelty_maps.page.images import DRAWN
from novelty_maps.page.parts import representation_part, whole_page

QUESTIONS = ("agreement", "localization", "representation")


@pytest.fixture(scope="module")
def parts():
    return small_parts()


def test_whole_page_has_all(parts):
    page = small_page()
    assert page.left_out == []
    assert len(page.answers) == 3
    assert set(page.charts) == {"images", "by_k", "roc_scores", "roc_forests"}
    assert [table.name for table in page.tables] == ["maps", "detectors"]
    detectors = {row["detector"] for row in page.rows["roc"]}
    assert "reconstruction loss (0.750)" in detectors
    assert len(detectors) == 5


@pytest.mark.parametrize("absent", QUESTIONS)
def test_question_that_was_not_asked_is_left_out_and_said(parts, absent):
    page = whole_page(parts | {absent: None}, facts={}, settings=SETTINGS)
    assert page.left_out == [f"There are no results of {absent} for this split."]
    assert len(page.answers) == 2
    assert (page.images is None) == (absent == "agreement")
    assert (page.novelties is None) == (absent == "localization")
    assert ("roc_forests" in page.charts) == (absent != "representation")
    assert "roc_scores" in page.charts


def test_page_of_nothing_has_no_chart():
    page = whole_page(dict.fromkeys(QUESTIONS), facts={}, settings=SETTINGS)
    assert page.charts == page.rows == {}
    assert len(page.left_out) == 3


def test_representation_without_a_score_of_its_own_has_no_curve_of_one():
    table = detection_tables.rows("all_classes", "all_classes", auroc=0.85, sees_novel=True)
    parts = small_parts() | {
        "agreement": None,
        "representation": representation_part(table, scores()),
    }
    page = whole_page(parts, facts={}, settings=SETTINGS)
    assert set(page.charts) == {"roc_forests"}
    assert {row["detector"] for row in page.rows["roc"]} == {"all classes: forest (0.950)"}


def test_of_many_images_some_are_drawn_and_all_are_counted():
    parts = small_parts(count=DRAWN + 50)
    page = whole_page(parts, facts={}, settings=SETTINGS)
    assert page.images is not None
    assert len(page.images["rows"]) == DRAWN
    assert page.images["total"] == DRAWN + 50
    rows = [row["row"] for row in page.images["rows"]]
    assert rows == sorted(set(rows))
    assert small_page().images["total"] == COUNT
