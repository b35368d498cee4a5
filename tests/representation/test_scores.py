"""Anomaly scores of logits: definitions, bounds and directions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novelty_maps.representation import scores
from novelty_maps.representation.scores import (
    LOGIT_SCORES,
    energy,
    entropy,
    max_logit,
    maximum_softmax_probability,
)

LOGITS = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-30, 30)
)
ROTATIONS = 4
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


MEMBERS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(2, 5)),
    elements=st.floats(-30, 30),
)


@given(MEMBERS)
def test_ensemble_scores_are_those_of_the_mean_probability(member_logits):
    p = torch.from_numpy(member_logits).softmax(2).mean(dim=1)
    mean = torch.distributions.Categorical(probs=p)
    members = torch.distributions.Categorical(logits=torch.from_numpy(member_logits))
    np.testing.assert_allclose(
        scores.ensemble_maximum_softmax_probability(member_logits),
        1 - p.max(dim=1).values,
        atol=1e-12,
    )
    np.testing.assert_allclose(
        scores.ensemble_entropy(member_logits), mean.entropy(), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        scores.mutual_information(member_logits),
        mean.entropy() - members.entropy().mean(dim=1),
        rtol=1e-9,
        atol=1e-9,
    )
    np.testing.assert_array_equal(
        scores.ensemble_max_logit(member_logits), -member_logits.mean(axis=1).max(axis=1)
    )


@given(MEMBERS)
def test_logits_of_an_ensemble_are_the_log_of_the_mean_probability(member_logits):
    p = torch.from_numpy(member_logits).softmax(2).mean(dim=1).numpy()
    np.testing.assert_allclose(np.exp(scores.log_mean_probability(member_logits)), p, atol=1e-12)


@given(MEMBERS)
def test_mutual_information_lies_between_zero_and_the_entropy(member_logits):
    found = scores.mutual_information(member_logits)
    assert (found >= -1e-12).all()
    assert (found <= scores.ensemble_entropy(member_logits) + 1e-12).all()
    assert (found <= np.log(member_logits.shape[1]) + 1e-9).all()


@given(LOGITS)
def test_ensemble_of_one_scores_as_its_member(logits):
    alone = logits[:, None]
    for name in ("max_logit", "maximum_softmax_probability", "entropy"):
        score = scores.SCORES[f"ensemble_{name}"].function
        np.testing.assert_allclose(score(alone), LOGIT_SCORES[name](logits), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scores.mutual_information(alone), 0, atol=1e-12)


def test_score_of_a_task_is_the_mean_log_probability_of_the_right_transformation():
    logits = np.random.default_rng(0).normal(size=(5, 4, 4)) * 3
    log_p = torch.from_numpy(logits).log_softmax(2)
    expected = [-np.mean([float(log_p[i, j, j]) for j in range(4)]) for i in range(5)]
    np.testing.assert_allclose(scores.transformation(logits), expected)


def test_confidence_and_class_part_of_generalized_odin_count_down():
    np.testing.assert_array_equal(scores.generalized_odin_g(np.array([0.25, 0.75])), [-0.25, -0.75])
    h = np.array([[0.5, -0.2], [0.1, 0.9]])
    np.testing.assert_array_equal(scores.generalized_odin_h(h), [-0.5, -0.9])


def test_reconstruction_error_is_a_score_as_it_is():
    error = np.random.default_rng(0).random(6, np.float32)
    found = scores.own_scores({"test": {"reconstruction_error": error}}, "test")
    assert list(found) == ["reconstruction_error"]
    assert found["reconstruction_error"].dtype == np.float64
    np.testing.assert_array_equal(found["reconstruction_error"], error)


def test_own_scores_are_those_whose_outputs_are_there():
    logits = np.random.default_rng(0).normal(size=(4, 3))
    outputs = {"test": {"logits": logits, "g": np.full(4, 0.5), "z": logits}}
    found = scores.own_scores(outputs, "test")
    assert set(found) == {*LOGIT_SCORES, "generalized_odin_g"}
    np.testing.assert_array_equal(found["energy"], energy(logits))


def test_score_that_compares_with_training_images_needs_them(monkeypatch):
    def nearest(z, training_z):
        return np.abs(z - training_z.T).min(axis=1)

    monkeypatch.setitem(scores.SCORES, "nearest", scores.Score(nearest, ("z",), training=True))
    test, train = {"z": np.array([[0.0], [5]])}, {"z": np.array([[1.0], [2]])}
    assert "nearest" not in scores.own_scores({"test": test}, "test")
    found = scores.own_scores({"test": test, "train": train}, "test")
    np.testing.assert_array_equal(found["nearest"], [1, 3])


def slow_small_csi(projection, logits, training_projection, training_logits):
    found = []
    for x, f in zip(projection.tolist(), logits.tolist(), strict=True):
        total = 0.0
        for s in range(ROTATIONS):
            norm = math.hypot(*x[s])
            cosines = [
                np.dot(x[s], m) / (norm * math.hypot(*m))
                for m in training_projection[:, s].tolist()
            ]
            mean_norm = np.mean([math.hypot(*m) for m in training_projection[:, s].tolist()])
            mean_logit = np.mean([m[s][s] for m in training_logits.tolist()])
            total += max(cosines) * norm / mean_norm + f[s][s] / mean_logit
        found.append(-total)
    return found


@pytest.mark.parametrize("rows", [3, 256])
def test_small_csi_score_agrees_with_slow_loops_whatever_is_scored_at_a_time(rows, monkeypatch):
    monkeypatch.setattr(scores, "_ROWS", rows)
    draw = np.random.default_rng(0)
    arrays = [
        draw.normal(size=(count, ROTATIONS, width)).astype(np.float32)
        for count, width in ((10, 6), (10, 4), (7, 6), (7, 4))
    ]
    arrays[3] += 3
    np.testing.assert_allclose(scores.small_csi(*arrays), slow_small_csi(*arrays), rtol=1e-12)


def test_small_csi_score_of_a_typical_training_image_is_minus_two_for_each_rotation():
    projection = np.ones((3, ROTATIONS, 5), np.float32)
    logits = np.full((3, ROTATIONS, ROTATIONS), 2, np.float32)
    score = scores.small_csi(projection, logits, projection, logits)
    np.testing.assert_allclose(score, -2.0 * ROTATIONS, rtol=1e-12)
    shorter = scores.small_csi(projection / 2, logits, projection, logits)
    assert (shorter > score).all()
    less_sure = scores.small_csi(projection, logits - 1, projection, logits)
    assert (less_sure > score).all()


def test_contrastive_score_is_the_part_of_small_csi_that_no_rotation_logit_reaches():
    draw = np.random.default_rng(0)
    projection, training = (draw.normal(size=(n, ROTATIONS, 6)) for n in (10, 7))
    sure = [np.full((n, ROTATIONS, ROTATIONS), 2.0) for n in (10, 7)]
    whole = scores.small_csi(projection, sure[0], training, sure[1])
    found = scores.contrastive(projection, training)
    np.testing.assert_allclose(found, whole + ROTATIONS, rtol=1e-12)


def test_contrastive_score_without_shifts_is_norm_times_greatest_cosine():
    training = np.array([[[3.0, 4.0]], [[5.0, 0.0]]])
    found = scores.contrastive(np.array([[[6.0, 8.0]], [[0.0, 1.0]], [[-2.0, 0.0]]]), training)
    np.testing.assert_allclose(found, [-10 / 5, -0.8 / 5, 1.2 / 5])


def test_small_csi_score_of_a_network_that_cannot_tell_a_rotation_is_undefined():
    projection = np.ones((3, ROTATIONS, 5), np.float32)
    logits = np.ones((3, ROTATIONS, ROTATIONS), np.float32)
    for mean_logit, undefined in ((-0.5, True), (0, True), (0.5, False)):
        logits[:, 2, 2] = mean_logit
        score = scores.small_csi(projection, logits, projection, logits)
        assert (np.isnan(score) == undefined).all()
