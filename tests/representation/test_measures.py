"""Measures of detection, by hand and against slow definitions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_curve

from novelty_maps.representation.measures import (
    average_precision,
    equal_error_rate,
    false_positive_rate,
    oscr,
)

SCORES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0]), st.booleans()),
    min_size=2,
    max_size=30,
)


def arrays(rows):
    novel, score, correct = (np.array(column) for column in zip(*rows, strict=True))
    return novel, score.astype(float), correct


def oscr_by_pairs(novel, score, correct):
    """Every normal image against every novel one."""
    total = 0.0
    for i in np.flatnonzero(~novel):
        for j in np.flatnonzero(novel):
            if correct[i]:
                total += float(score[i] < score[j]) + 0.5 * float(score[i] == score[j])
    return total / ((~novel).sum() * novel.sum())


def fpr_by_curve(novel, score, level):
    """Smallest false positive rate of scikit-learn's ROC curve that reaches the level."""
    fpr, tpr, _ = roc_curve(novel, score, drop_intermediate=False)
    return fpr[tpr >= level - 1e-12].min()


def equal_error_rate_by_thresholds(novel, score):
    """Threshold by threshold in fractions, to where the line between two crosses FPR = FNR."""
    before = (Fraction(0), Fraction(1))
    for threshold in sorted(set(score), reverse=True):
        called = score >= threshold
        after = (
            Fraction(int((called & ~novel).sum()), int((~novel).sum())),
            Fraction(int((~called & novel).sum()), int(novel.sum())),
        )
        if after[0] >= after[1]:  # the way that is left over the way there is, on this line
            share = (before[1] - before[0]) / (before[1] - before[0] + after[0] - after[1])
            return float(before[0] + share * (after[0] - before[0]))
        before = after
    raise AssertionError


@given(SCORES, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_measures_are_their_definitions(rows, level):
    novel, score, correct = arrays(rows)
    if novel.all() or not novel.any():
        assert np.isnan(oscr(novel, score, correct))
        assert np.isnan(false_positive_rate(novel, score))
        assert np.isnan(average_precision(novel, score))
        assert np.isnan(equal_error_rate(novel, score))
        return
    by_thresholds = equal_error_rate_by_thresholds(novel, score)
    assert equal_error_rate(novel, score) == pytest.approx(by_thresholds, abs=1e-12)
    assert oscr(novel, score, correct) == pytest.approx(oscr_by_pairs(novel, score, correct))
    found = false_positive_rate(novel, score, true_positive_rate=level)
    assert found == pytest.approx(fpr_by_curve(novel, score, level))
    assert average_precision(novel, score) == average_precision_score(novel, score)


def test_perfect_detection_has_the_closed_set_accuracy_as_oscr():
    novel = np.array([False] * 4 + [True] * 3)
    score = novel + np.linspace(0, 0.5, 7)
    correct = np.array([True, True, True, False, True, True, True])
    assert oscr(novel, score, correct) == 0.75
    assert false_positive_rate(novel, score) == 0
    assert equal_error_rate(novel, score) == 0
    assert average_precision(novel, score) == 1


def test_turned_scores_are_as_bad_as_can_be():
    novel = np.array([False] * 4 + [True] * 4)
    score = -novel.astype(float)
    assert oscr(novel, score, ~novel) == 0
    assert false_positive_rate(novel, score) == 1
    assert equal_error_rate(novel, score) == 1


def test_scores_that_are_all_equal_have_an_equal_error_rate_of_one_half():
    assert equal_error_rate(np.arange(7) < 2, np.zeros(7)) == 0.5


@given(SCORES)
def test_equal_error_rate_is_the_same_seen_from_the_other_kind(rows):
    novel, score, _ = arrays(rows)
    other = equal_error_rate(~novel, -score)
    assert equal_error_rate(novel, score) == pytest.approx(other, abs=1e-12, nan_ok=True)


def test_equal_error_rate_of_gaussians_is_the_tail_behind_half_their_distance():
    quantiles = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    score = np.concatenate([quantiles, quantiles + 1.5])
    found = equal_error_rate(np.arange(4000) >= 2000, score)
    assert found == pytest.approx(stats.norm.sf(0.75), abs=1e-3)
