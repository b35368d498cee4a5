"""Measures of detection, by hand and against slow definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_curve

from novelty_maps.representation.measures import average_precision, false_positive_rate, oscr

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


@given(SCORES, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_measures_are_their_definitions(rows, level):
    novel, score, correct = arrays(rows)
    if novel.all() or not novel.any():
        assert np.isnan(oscr(novel, score, correct))
        assert np.isnan(false_positive_rate(novel, score))
        assert np.isnan(average_precision(novel, score))
        return
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
    assert average_precision(novel, score) == 1


def test_turned_scores_are_as_bad_as_can_be():
    novel = np.array([False] * 4 + [True] * 4)
    score = -novel.astype(float)
    assert oscr(novel, score, ~novel) == 0
    assert false_positive_rate(novel, score) == 1
