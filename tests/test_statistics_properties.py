"""What must hold for all values and scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracles.any_maps import MODERATE

from novelty_maps.statistics.auroc import delong_auroc
from novelty_maps.statistics.intervals import bootstrap_means
from novelty_maps.statistics.rank_tests import mann_whitney

EPS = float(np.finfo(np.float64).eps)


@given(st.floats(-1e6, 1e6), st.integers(2, 30), st.integers(0, 9))
def test_bootstrap_means_of_a_constant_column_are_that_constant(constant, count, seed):
    replicates = bootstrap_means(
        np.full((count, 1), constant), samples=20, generator=np.random.default_rng(seed)
    )
    # A sum of `count` products and a division.
    np.testing.assert_allclose(replicates, constant, rtol=(count + 2) * EPS)


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(1, 3)), elements=MODERATE),
    st.integers(0, 9),
)
def test_bootstrap_means_lie_within_the_range_of_their_column(values, seed):
    replicates = bootstrap_means(values, samples=20, generator=np.random.default_rng(seed))
    slack = (len(values) + 2) * EPS * np.abs(values).max(axis=0)
    assert (replicates >= values.min(axis=0) - slack).all()
    assert (replicates <= values.max(axis=0) + slack).all()


SAMPLES = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@given(SAMPLES, SAMPLES)
def test_effect_size_is_antisymmetric_and_the_p_value_symmetric(first, second):
    forth, back = mann_whitney(first, second), mann_whitney(second, first)
    # U and mn − U are exact; the quotient, the doubling and the subtraction round.
    assert abs(forth.effect_size + back.effect_size) <= 2 * EPS
    assert -1 <= forth.effect_size <= 1
    np.testing.assert_allclose(forth.p_value, back.p_value, rtol=64 * EPS)


@st.composite
def labelled_scores(draw):
    """Labels with at least two of both kinds, and scores that are multiples of 1/64."""
    score = draw(hnp.arrays(np.int64, st.integers(4, 25), elements=st.integers(-64, 128)))
    novel = draw(hnp.arrays(bool, len(score)))
    novel[:2], novel[2:4] = True, False
    return novel, score / 64


@given(labelled_scores())
def test_auroc_of_the_opposite_score_is_the_opposite_auroc(case):
    novel, score = case
    forth = delong_auroc(novel, score)
    back = delong_auroc(novel, 1 - score)
    # Means of at most 25 values in [0, 1].
    rounding = 32 * EPS
    assert abs(back.estimate - (1 - forth.estimate)) <= rounding


@given(labelled_scores())
def test_auroc_of_the_opposite_labels_is_the_opposite_auroc(case):
    novel, score = case
    forth = delong_auroc(novel, score)
    back = delong_auroc(~novel, score)
    assert abs(back.estimate - (1 - forth.estimate)) <= 32 * EPS


@given(labelled_scores())
def test_interval_holds_the_auroc_and_lies_in_zero_to_one(case):
    estimate, low, high = delong_auroc(*case)
    assert 0 <= low <= estimate <= high <= 1
