"""Answers say what the intervals say, and have the numbers of the tables."""

import numpy as np
import pandas as pd
import pytest
from oracles import detection_tables
from oracles.localization_tables import localization
from oracles.small_page import agreement_metrics

from novelty_maps.page.answers import agreement_answer, localization_answer, representation_answer


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 0.5, "fewer than on normal ones"),
        (-0.5, -0.1, "more than on normal ones"),
        (-0.1, 0.1, "no clear"),
        (None, None, "no clear"),
    ],
)
def test_agreement_goes_by_the_interval_of_the_difference(low, high, words):
    answer = agreement_answer(agreement_metrics(low=low, high=high))
    assert words in answer.answer
    assert "0.50 of 5 on novel images" in answer.answer


def test_numbers_of_agreement_are_those_of_the_file():
    answer = agreement_answer(agreement_metrics())
    expected = [("normal", 1.5, 1.25, 1.75), ("novel", 0.5, np.nan, np.nan)]
    expected.append(("chance", 0.25, np.nan, np.nan))
    for number, values in zip(answer.numbers, expected, strict=True):
        np.testing.assert_equal(tuple(number[:4]), values)
    assert answer.limits[0] == 0
    assert answer.limits[1] > 1.75


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        ((0.1, 0.2), "Saliency finds novelties better"),
        ((-0.2, -0.1), "absolute error finds novelties better"),
        ((-0.2, 0.1), "No clear difference"),
    ],
)
def test_localization_goes_by_the_gain_over_the_absolute_error(gain, words):
    table = localization()
    chosen = (table["method"] == "saliency") & (table["grouping"] == "all")
    name = "average_precision_gain_over_absolute_error"
    table.loc[chosen, [f"{name}_low", f"{name}_high"]] = gain
    answer = localization_answer(table)
    assert words in answer.answer
    row = table[chosen].iloc[0]
    (number,) = (number for number in answer.numbers if number.label == "saliency")
    ends = [row[f"average_precision{end}"] for end in ("", "_low", "_high")]
    assert list(number[1:4]) == ends


def test_control_that_beats_the_network_is_named():
    skill = {"reconstruction_error": 0.2, "absolute_error": 0.2, "saliency": 0.1, "sobel": 0.5}
    assert "Sobel, a control without a network" in localization_answer(localization(skill)).answer
    assert "control" not in localization_answer(localization()).answer


def test_maps_without_the_compared_ones_are_shown_all_the_same():
    answer = localization_answer(localization({"occlusion": 0.4, "uniform": 0.1}))
    assert [number.label for number in answer.numbers] == ["occlusion", "uniform"]


MORE = "Not all: a forest told of novel images tells more apart."
FEWER = "A forest told of novel images tells fewer apart."
ALIKE = "No clear difference from a forest told of novel images."
NO_FOREST = "there is no forest told of novel images"
NO_SCORE = "no network has a score of its own task"


def detection(*, without=(), **forest):
    """A table without some detectors of one representation; its forest's AUROC and both ends."""
    table = detection_tables.rows("nominal", "nominal", auroc=0.7)
    chosen = (table["detector"] == "forest") & (table["labels"] == "all")
    for column, value in forest.items():
        table.loc[chosen & (table["novel_class"] == "all"), column] = value
    return table[~table["detector"].isin(without)]


@pytest.mark.parametrize(
    ("forest", "said"),
    [
        (0.95, MORE),
        (0.731, MORE),  # its interval begins at 0.711, that of the score ends at 0.71
        (0.729, ALIKE),
        (0.651, ALIKE),  # its interval ends at 0.671, that of the score begins at 0.67
        (0.649, FEWER),
        (0.4, FEWER),
        (np.nan, ALIKE),
    ],
)
def test_representation_goes_by_both_intervals(forest, said):
    table = detection(auroc=forest, auroc_low=forest - 0.02, auroc_high=forest + 0.02)
    answer = representation_answer(table)
    assert answer.answer == said
    assert [number.label for number in answer.numbers] == ["nominal: max logit", "nominal: forest"]
    np.testing.assert_equal(answer.numbers[1][1:4], (forest, forest - 0.02, forest + 0.02))


def test_forest_or_score_that_is_absent_is_named():
    answer = representation_answer(detection(without=["forest"]))
    assert answer.answer == f"No answer: {NO_FOREST}."
    assert [number.label for number in answer.numbers] == ["nominal: max logit"]
    scores = ["max_logit", "energy", "nearest_neighbours"]
    answer = representation_answer(detection(without=scores))
    assert answer.answer == f"No answer: {NO_SCORE}."
    assert [number.label for number in answer.numbers] == ["nominal: forest"]
    answer = representation_answer(detection(without=[*scores, "forest"]))
    assert answer.answer == f"No answer: {NO_SCORE}; {NO_FOREST}."
    assert answer.numbers == []
    assert answer.limits[0] < answer.limits[1]


def test_forest_of_a_network_that_saw_novel_images_stands_in_for_no_other():
    table = detection(without=["forest"])
    seen = detection_tables.rows("all_classes", "all_classes", auroc=0.85, sees_novel=True)
    answer = representation_answer(pd.concat([table, seen]))
    assert answer.answer == f"No answer: {NO_FOREST}."
    assert [number.label for number in answer.numbers] == [
        "nominal: max logit",
        "all classes: forest",
    ]


@pytest.mark.parametrize("name", ["imagenet", "all_classes"])
def test_representations_without_a_score_of_their_own_have_an_answer(name):
    answer = representation_answer(detection_tables.rows(name, "none", auroc=0.7, sees_novel=True))
    assert answer.answer == f"No answer: {NO_SCORE}."
    assert len(answer.numbers) == 1
