"""The numbers of several runs are those of their tables."""

import numpy as np
import pandas as pd
import pytest
from oracles import detection_tables
from oracles.localization_tables import localization
from oracles.small_compared import RUNS, SUMMARY

from novelty_maps.page.run_numbers import (
    compared_agreement,
    compared_localization,
    compared_representation,
)


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_numbers_of_configurations_are_those_of_the_summary():
    said = compared_agreement(RUNS, SUMMARY)
    agreement, loss = said.answers
    assert agreement.question == "Agreement on novel images"
    assert agreement.answer == "1.5 (noise std 0) to 4 (noise std 0.4)."
    assert [tuple(number[:4]) for number in agreement.numbers] == [
        ("noise std 0 · 2 runs", 1.5, -1.25, 4.25),
        ("noise std 0.4", 4.0, 3.5, 4.5),
    ]
    assert agreement.limits[0] < -1.25 < 4.5 < agreement.limits[1]
    assert np.isnan(loss.numbers[1].low)  # of one run, whose interval is not known
    runs, configurations = said.tables
    assert [row[:3] for row in texts(runs)] == [
        ["a-1", "0", "0"],
        ["a-2", "0", "1"],
        ["a-3", "0.4", "0"],
    ]
    assert runs.rows[0][3].interval == "0.500 to 1.500"
    assert texts(configurations)[0] == ["novel agreement", "0", "1.500", "0.700", "2"]


def test_of_single_runs_there_is_one_table():
    assert len(compared_agreement(RUNS[1:], SUMMARY.assign(runs=1)).tables) == 1


def test_one_configuration_without_settings_has_a_name():
    said = compared_agreement(
        RUNS[["run", "novel_agreement"]],
        SUMMARY[["metric", "estimate", "low", "high", "sd", "runs"]].iloc[:1],
    )
    assert said.answers[0].numbers[0].label == "every run · 2 runs"
    assert said.answers[0].answer == "1.5."


def test_maps_are_compared_by_configuration():
    skills = ({"saliency": 0.35, "absolute_error": 0.3}, {"saliency": 0.2, "absolute_error": 0.4})
    tables = [
        localization(skill).assign(**{"train.network": name})
        for name, skill in zip(("lsa", "vae"), skills, strict=True)
    ]
    runs = pd.concat(tables).assign(run=np.repeat(["one", "two"], len(tables[0])))
    said = compared_localization(runs, pd.concat(tables).assign(runs=1))
    headings = [answer.question for answer in said.answers]
    assert headings == ["saliency minus |error|", "|error|", "saliency"]
    saliency = said.answers[2]
    assert saliency.answer == "0.2 (network vae) to 0.35 (network lsa)."
    (row,) = tables[0][(tables[0]["grouping"] == "all") & (tables[0]["method"] == "saliency")].index
    assert saliency.numbers[0].low == pytest.approx(
        tables[0].loc[row, "average_precision_low"], abs=1e-7
    )
    (table,) = said.tables
    assert len(table.rows) == 4
    assert table.heads[:4] == ["train.network", "run", "map", "sees"]


def test_detectors_are_compared_by_representation():
    table = detection_tables.TABLE
    said = compared_representation(table.assign(run="one"), table.assign(runs=5))
    own, neighbours, forest = said.answers
    assert own.answer == "0.5 (hybrid ensemble) to 0.8 (hybrid)."
    assert len(forest.numbers) == 5
    assert forest.limits[1] == 1
    assert forest.limits[0] < min(number.low for number in forest.numbers)
    assert {number.role for number in forest.numbers} == {"oracle"}
    assert neighbours.numbers[0].value == pytest.approx(0.74)
    assert [each.name for each in said.tables] == ["configurations", "runs"]


def test_interval_of_an_area_under_a_curve_ends_at_one():
    table = detection_tables.TABLE.assign(auroc_high=1.4, runs=2)
    said = compared_representation(table.assign(run="one"), table)
    assert {number.high for answer in said.answers for number in answer.numbers} == {1.0}


def test_interval_of_what_lies_between_0_and_1_does_so_on_cards_and_in_tables():
    table = localization({"saliency": 0.35, "absolute_error": 0.3})
    table = table.assign(average_precision_low=-0.4, average_precision_high=1.4, runs=2)
    gain = "average_precision_gain_over_absolute_error"
    table[[gain, f"{gain}_low", f"{gain}_high"]] = [0.05, -0.2, 0.3]
    said = compared_localization(table.assign(run="one"), table)
    difference, *maps = said.answers
    assert difference.numbers[0].low == -0.2
    assert {(each.low, each.high) for answer in maps for each in answer.numbers} == {(0, 1)}
    assert {answer.limits for answer in maps} == {(0, 1)}
    for each in said.tables:
        place = each.heads.index("average precision")
        assert {row[place].interval for row in each.rows} == {"0.000 to 1.000"}


def test_interval_of_the_auroc_of_the_loss_ends_at_one():
    name = "detection_image_auroc"
    ends = {"estimate": 0.9, "low": 0.7, "high": 1.1}
    runs = RUNS.assign(**{name: 0.9, f"{name}_low": 0.7, f"{name}_high": 1.1})
    said = compared_agreement(runs, SUMMARY.assign(metric=name, **ends))
    (loss,) = [each for each in said.answers if each.measure.startswith("AUROC")]
    assert {number.high for number in loss.numbers} == {1.0}
    tables = {table.name: table for table in said.tables}
    assert tables["runs"].rows[0][-2].interval == "0.700 to 1.000"
    assert tables["configurations"].rows[0][2].interval == "0.700 to 1.000"


def test_interval_that_is_unknown_stays_unknown():
    table = detection_tables.TABLE.assign(auroc_low=np.nan, auroc_high=np.nan, runs=1)
    said = compared_representation(table.assign(run="one"), table)
    assert all(np.isnan(number.low) for answer in said.answers for number in answer.numbers)
