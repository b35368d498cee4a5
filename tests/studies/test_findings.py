"""The findings as criteria."""

import pandas as pd
import pytest

from studies import findings

# A network as the paper describes it.
AS_PAPER = {
    "normal_majority_missed_low": 0.65,
    "novel_majority_missed_low": 0.85,
    "normal_agreement_most_frequent": 4,
    "novel_agreement_most_frequent": 2,
    "normal_minus_novel_agreement_low": 0.8,
    "normal_minus_novel_max_distance_saliency_to_error_high": -0.6,
    "normal_minus_novel_scaled_map_error_squared_high": -0.00005,
    "normal_max_distance_saliency_to_error_low": 8.0,
    "novel_max_distance_saliency_to_error_low": 8.8,
    "normal_scaled_map_error_low": 0.0301,
    "novel_scaled_map_error_low": 0.0303,
    "normal_scaled_map_error_squared_high": 0.0072,
    "novel_scaled_map_error_squared_high": 0.0073,
}
# For each finding, a change after which it is no longer met.
BROKEN_BY = {
    1: {"normal_majority_missed_low": 0.49},
    2: {"normal_minus_novel_max_distance_saliency_to_error_high": 0.1},
    3: {"novel_agreement_most_frequent": 6},
    4: {"normal_minus_novel_agreement_low": -0.01},
    5: {"novel_max_distance_saliency_to_error_low": 1.9},
    6: {"novel_scaled_map_error_squared_high": 0.0304},
}


def verdicts(*networks):
    return {v.finding.number: v for v in findings.judge(pd.DataFrame(networks))}


def test_network_as_the_paper_describes_it_meets_every_finding():
    assert {v.word for v in verdicts(AS_PAPER).values()} == {"holds"}
    assert sorted(verdicts(AS_PAPER)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("number", sorted(BROKEN_BY))
def test_each_finding_can_fail(number):
    broken = AS_PAPER | BROKEN_BY[number]
    assert verdicts(broken)[number].word == "does not hold"
    both = verdicts(AS_PAPER, broken, AS_PAPER)
    assert (both[number].word, both[number].met, both[number].networks) == ("depends", 2, 3)
