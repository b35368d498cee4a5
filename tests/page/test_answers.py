"""Answers say what the intervals say, and have the numbers of the tables."""

import numpy as np
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


@pytest.mark.parametrize(("forest", "words"), [(0.95, "Not all"), (0.72, "No clear difference")])
def test_representation_goes_by_both_intervals(forest, words):
    table = detection_tables.rows("nominal", "nominal", auroc=0.7)
    chosen = (table["detector"] == "forest") & (table["labels"] == "all")
    chosen &= table["novel_class"] == "all"
    ends = ["auroc", "auroc_low", "auroc_high"]
    table.loc[chosen, ends] = [forest, forest - 0.02, forest + 0.02]
    answer = representation_answer(table)
    assert words in answer.answer
    assert [number.label for number in answer.numbers] == ["nominal: max logit", "nominal: forest"]
    assert answer.numbers[1][1:4] == (forest, forest - 0.02, forest + 0.02)


def test_representations_without_a_score_of_their_own_have_an_answer():
    table = detection_tables.rows("imagenet", "none", auroc=0.7, sees_novel=True)
    assert [number.label for number in representation_answer(table).numbers] == ["imagenet: forest"]
