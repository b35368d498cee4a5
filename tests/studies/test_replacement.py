"""The rule by which a map replaces the error map: every condition is needed."""

import pytest
from oracles.study_tables import KINDS, localization_study

from studies.replacement import verdict_on


def test_map_that_meets_every_condition_replaces_the_error_map(tmp_path):
    verdict = verdict_on(localization_study(tmp_path), "lsa", "saliency")
    assert verdict.above == list(KINDS)
    assert verdict.below == []
    assert verdict.beats_controls
    assert verdict.replaces


@pytest.mark.parametrize(
    "failing",
    [
        {"saliency": 0.39},
        {"saliency": 0.402},
        {"sobel": 0.595},
        {"drop": 0.0},
        {"layers": False},
    ],
)
def test_map_that_fails_one_condition_does_not(tmp_path, failing):
    assert not verdict_on(localization_study(tmp_path, **failing), "lsa", "saliency").replaces


def test_worse_kinds_are_named(tmp_path):
    verdict = verdict_on(localization_study(tmp_path, saliency=0.3), "lsa", "saliency")
    assert (verdict.above, verdict.below) == ([], list(KINDS))


def test_mask_is_no_control_to_beat(tmp_path):
    study = localization_study(tmp_path)
    assert "mask" in study.methods("lsa", control=True)
    assert study.number("lsa", "mask", "average_precision").estimate == 1
    assert verdict_on(study, "lsa", "saliency").beats_controls
