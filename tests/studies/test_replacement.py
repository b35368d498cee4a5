"""The rule by which a map replaces the error map: every condition is needed."""

import math

import pandas as pd
import pytest
from oracles.study_tables import CHALLENGERS, KINDS, localization_study

from studies.localization import LocalizationStudy
from studies.replacement import RIVALS, gain_name, verdict_on

ERROR, ABSOLUTE = "reconstruction_error", "absolute_error"
MEASURES = ("average_precision", "aupro")


def edited(tmp_path, change):
    """A study on which every challenger meets the rule, its summary changed in place."""
    localization_study(tmp_path)
    file = tmp_path / "localization_summary.csv"
    table = pd.read_csv(file)
    change(table).to_csv(file, index=False)
    return LocalizationStudy(tmp_path)


def test_every_rule_of_a_map_is_tested():
    assert tuple(RIVALS) == CHALLENGERS


@pytest.mark.parametrize("method", CHALLENGERS)
def test_map_that_meets_every_condition_replaces_the_error_map(tmp_path, method):
    verdict = verdict_on(localization_study(tmp_path), "lsa", method)
    assert verdict.kinds == 3
    assert verdict.above == list(KINDS)
    assert verdict.below == []
    assert verdict.beats_controls
    assert verdict.drop.low == pytest.approx(0.29)
    assert verdict.replaces


@pytest.mark.parametrize("method", CHALLENGERS)
@pytest.mark.parametrize(
    "failing",
    [
        {ERROR: 0.65, ABSOLUTE: 0.65},
        {ERROR: 0.598, ABSOLUTE: 0.598},
        {"sobel": 0.595},
        {"drop": 0.0},
        {"drop": 0.005},
        {"layers": False},
    ],
)
def test_map_that_fails_one_condition_does_not(tmp_path, method, failing):
    assert not verdict_on(localization_study(tmp_path, **failing), "lsa", method).replaces


@pytest.mark.parametrize(
    ("method", "rival", "is_one"),
    [
        ("saliency", ABSOLUTE, True),
        ("saliency", ERROR, False),
        ("squared_saliency", ABSOLUTE, False),
        ("squared_saliency", ERROR, True),
        ("integrated_gradients_reconstruction", ABSOLUTE, True),
        ("integrated_gradients_reconstruction", ERROR, True),
    ],
)
def test_map_is_held_against_the_error_maps_of_its_order(tmp_path, method, rival, is_one):
    verdict = verdict_on(localization_study(tmp_path, **{rival: 0.65}), "lsa", method)
    assert verdict.replaces is not is_one
    assert verdict.above == ([] if is_one else list(KINDS))


@pytest.mark.parametrize("method", CHALLENGERS)
@pytest.mark.parametrize("measure", MEASURES)
def test_kind_counts_only_if_each_measure_gains(tmp_path, method, measure):
    def change(table):
        own = (table["grouping"] == "kind") & (table["method"] == method)
        table.loc[own, f"{gain_name(measure, RIVALS[method][0])}_low"] = -0.01
        return table

    verdict = verdict_on(edited(tmp_path, change), "lsa", method)
    assert (verdict.above, verdict.below, verdict.replaces) == ([], [], False)


@pytest.mark.parametrize("lost", [1, 2])
def test_most_kinds_are_more_than_half_of_them(tmp_path, lost):
    def change(table):
        own = (table["method"] == "saliency") & table["group"].isin(KINDS[:lost])
        table.loc[own, f"aupro_gain_over_{ABSOLUTE}_low"] = -0.01
        return table

    verdict = verdict_on(edited(tmp_path, change), "lsa", "saliency")
    assert verdict.above == list(KINDS[lost:])
    assert verdict.replaces is (lost == 1)


def test_half_of_the_kinds_are_not_most(tmp_path):
    def change(table):
        own = (table["method"] == "saliency") & (table["group"] == KINDS[0])
        table.loc[own, f"aupro_gain_over_{ABSOLUTE}_low"] = -0.01
        return table[table["group"] != KINDS[1]]

    verdict = verdict_on(edited(tmp_path, change), "lsa", "saliency")
    assert (verdict.kinds, verdict.above) == (2, [KINDS[2]])
    assert not verdict.replaces


@pytest.mark.parametrize("method", CHALLENGERS)
def test_worse_kinds_are_named(tmp_path, method):
    verdict = verdict_on(localization_study(tmp_path, **{method: 0.3}), "lsa", method)
    assert (verdict.above, verdict.below) == ([], list(KINDS))


def test_kind_on_which_a_map_is_between_its_rivals_is_neither(tmp_path):
    method = "integrated_gradients_reconstruction"
    verdict = verdict_on(localization_study(tmp_path, **{ABSOLUTE: 0.65}), "lsa", method)
    assert (verdict.above, verdict.below) == ([], [])


@pytest.mark.parametrize("measure", MEASURES)
def test_controls_are_beaten_in_each_measure_over_all_images(tmp_path, measure):
    def change(grouping):
        def raised(table):
            rows = (table["grouping"] == grouping) & (table["method"] == "sobel")
            table.loc[rows, f"{measure}_high"] = 0.7
            return table

        return raised

    verdict = verdict_on(edited(tmp_path, change("all")), "lsa", "saliency")
    assert not verdict.beats_controls
    assert not verdict.replaces
    assert verdict_on(edited(tmp_path, change("kind")), "lsa", "saliency").replaces


def test_without_controls_none_is_beaten(tmp_path):
    study = edited(tmp_path, lambda table: table[table["method"] != "sobel"])
    verdict = verdict_on(study, "lsa", "saliency")
    assert not verdict.beats_controls
    assert not verdict.replaces


def test_mask_is_no_control_to_beat(tmp_path):
    study = localization_study(tmp_path)
    assert "mask" in study.methods("lsa", control=True)
    assert study.number("lsa", "mask", "average_precision").estimate == 1
    assert verdict_on(study, "lsa", "saliency").beats_controls


def dropped(tmp_path, change):
    """The same study, of which the falls under randomization are changed."""
    study = localization_study(tmp_path)
    file = tmp_path / "reinitialised.csv"
    change(pd.read_csv(file)).to_csv(file, index=False)
    return study


def test_fall_of_the_square_is_that_of_saliency_whether_or_not_it_was_asked(tmp_path):
    """They have the same ranks; a study may re-initialise for saliency alone."""
    study = dropped(tmp_path, lambda table: table[table["method"] != "squared_saliency"])
    verdict = verdict_on(study, "lsa", "squared_saliency")
    assert verdict.drop[:3] == pytest.approx((0.3, 0.29, 0.31))
    assert verdict.replaces

    def change(table):
        ends = [f"average_precision_drop{end}" for end in ("", "_low", "_high")]
        table.loc[table["method"] == "saliency", ends] -= 0.3
        return table

    verdict = verdict_on(dropped(tmp_path, change), "lsa", "squared_saliency")
    assert verdict.drop[:3] == pytest.approx((0.0, -0.01, 0.01))
    assert not verdict.replaces


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients_reconstruction"])
def test_map_whose_fall_was_not_asked_has_none_and_does_not_replace(tmp_path, method):
    study = dropped(tmp_path, lambda table: table[table["method"] != method])
    verdict = verdict_on(study, "lsa", method)
    assert verdict.drop.runs == 0
    assert math.isnan(verdict.drop.estimate)
    assert verdict.above == list(KINDS)
    assert verdict.beats_controls
    assert not verdict.replaces


def test_gain_is_named_by_its_rival():
    assert gain_name("aupro", ERROR) == "aupro_gain"
    assert gain_name("aupro", ABSOLUTE) == "aupro_gain_over_absolute_error"
