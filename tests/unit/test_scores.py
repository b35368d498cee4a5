"""Anomaly scores of logits: definitions, bounds and directions."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stages.lib.scores import LOGIT_SCORES, energy, entropy, max_logit, maximum_softmax_probability

LOGITS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-30, 30)
)
EPS = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize("score", LOGIT_SCORES.values(), ids=LOGIT_SCORES)
def test_confident_image_scores_below_an_undecided_one(score):
    scores = score(np.array([[9.0, 0, 0], [3, 0, 0], [1, 0.9, 0.8]]))
    assert (np.diff(scores) > 0).all()


@given(LOGITS)
def test_scores_are_their_textbook_formulas(logits):
    p = torch.from_numpy(logits).softmax(1).numpy()
    np.testing.assert_allclose(
        maximum_softmax_probability(logits), 1 - p.max(axis=1), rtol=0, atol=8 * EPS
    )
    np.testing.assert_allclose(
        entropy(logits),
        torch.distributions.Categorical(logits=torch.from_numpy(logits)).entropy(),
        rtol=1e-12,
        atol=1e-12,
    )
    np.testing.assert_array_equal(max_logit(logits), -logits.max(axis=1))
    np.testing.assert_allclose(
        energy(logits), -torch.from_numpy(logits).logsumexp(1).numpy(), rtol=1e-13, atol=1e-13
    )


@given(LOGITS, st.floats(-100, 100))
def test_softmax_scores_ignore_a_shift_and_the_others_follow_it(logits, shift):
    for score in (maximum_softmax_probability, entropy):
        np.testing.assert_allclose(score(logits + shift), score(logits), rtol=1e-9, atol=1e-12)
    for score in (max_logit, energy):
        np.testing.assert_allclose(
            score(logits + shift), score(logits) - shift, rtol=1e-12, atol=1e-12
        )


@given(LOGITS)
def test_energy_lies_between_max_logit_and_log_k_below(logits):
    highest = -max_logit(logits)
    assert (-energy(logits) >= highest - 1e-12).all()
    assert (-energy(logits) <= highest + np.log(logits.shape[1]) + 1e-12).all()


@given(LOGITS)
def test_entropy_is_between_zero_and_log_k(logits):
    assert (entropy(logits) >= 0).all()
    assert (entropy(logits) <= np.log(logits.shape[1]) + 1e-12).all()


def test_very_confident_images_are_told_apart():
    logits = np.array([[40.0, 0, 0], [50, 0, 0], [2000, 0, 0]], np.float32)
    score = maximum_softmax_probability(logits)
    assert score[0] > score[1] > score[2] >= 0
    assert np.isfinite(entropy(logits)).all()


def test_scores_of_pytorch_ood():
    """Computed with pytorch-ood's MaxSoftmax, Entropy, MaxLogit and EnergyBased (temperature 1)."""
    logits = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [-3.0, 4.0, 1.5]])
    expected = {
        # pytorch-ood's is −max p, ours 1 − max p.
        "maximum_softmax_probability": 1 - np.array([0.78559703, 0.3671654, 0.92336369]),
        "entropy": [0.62158460, 1.09528727, 0.27511185],
        "max_logit": [-2.0, -0.3, -4.0],
        "energy": [-2.24131130, -1.30194285, -4.07973209],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(LOGIT_SCORES[name](logits), values, atol=1e-6)
