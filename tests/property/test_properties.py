"""What must hold for all maps, values and scores."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stages.lib import agreement, statistics

EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6))
# Few different values, so that maps are full of ties; and any value of moderate size.
TIED = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0])
MODERATE = st.floats(-1e6, 1e6, width=32)


@st.composite
def map_sets(draw, number=1, elements=None):
    """So many arrays of maps (N, H, W), float32, of one shape."""
    shape = draw(SHAPES)
    elements = draw(st.sampled_from([TIED, MODERATE])) if elements is None else elements
    return [draw(hnp.arrays(np.float32, shape, elements=elements)) for _ in range(number)]


def curve(a, b):
    return agreement.agreement_curve(agreement.top_pixels(a), agreement.top_pixels(b), a[0].size)


def distance(a, b):
    return agreement.distance_curve(agreement.top_pixels(a), agreement.top_pixels(b), a.shape[2])


@given(map_sets())
def test_all_top_pixels_are_a_permutation_in_descending_order(maps):
    (maps,) = maps
    top = agreement.top_pixels(maps)
    pixels = maps[0].size
    np.testing.assert_array_equal(np.sort(top, axis=1), np.tile(np.arange(pixels), (len(maps), 1)))
    values = np.take_along_axis(maps.reshape(len(maps), -1), top, axis=1)
    assert (np.diff(values, axis=1) <= 0).all()
    equal = np.diff(values, axis=1) == 0
    assert (np.diff(top, axis=1)[equal] > 0).all()


@given(map_sets(), st.data())
def test_fewer_top_pixels_are_the_first_of_all(maps, data):
    (maps,) = maps
    k = data.draw(st.integers(1, maps[0].size))
    np.testing.assert_array_equal(agreement.top_pixels(maps, k), agreement.top_pixels(maps)[:, :k])


@given(map_sets(2))
def test_agreement_is_symmetric(maps):
    np.testing.assert_array_equal(curve(*maps), curve(*reversed(maps)))


@given(map_sets())
def test_agreement_of_a_map_with_itself_is_k(maps):
    (maps,) = maps
    k = np.arange(1, maps[0].size + 1)
    np.testing.assert_array_equal(curve(maps, maps), np.tile(k, (len(maps), 1)))


@given(map_sets(2))
def test_agreement_lies_between_its_least_and_k_and_never_falls(maps):
    agreements = curve(*maps)
    pixels = maps[0][0].size
    k = np.arange(1, pixels + 1)
    assert (agreements <= k).all()
    assert (agreements >= np.maximum(0, 2 * k - pixels)).all()  # two sets must overlap by that
    steps = np.diff(agreements, axis=1, prepend=0)
    assert ((steps >= 0) & (steps <= 2)).all()


@given(map_sets(2), st.integers(0, 40))
def test_agreement_is_unchanged_by_a_power_of_two(maps, exponent):
    a, b = maps
    np.testing.assert_array_equal(curve(a * np.float32(2.0**exponent), b), curve(a, b))


@given(map_sets(2))
def test_agreement_is_unchanged_by_a_monotone_transform(maps):
    a, b = maps
    _, ranks = np.unique(a, return_inverse=True)
    ranked = (ranks.reshape(a.shape) - 3).astype(np.float32)
    np.testing.assert_array_equal(curve(ranked, b), curve(a, b))


@given(map_sets())
def test_distance_to_itself_is_zero(maps):
    (maps,) = maps
    assert not np.any(distance(maps, maps))


@given(map_sets(2))
def test_distance_is_bounded_by_the_diagonal_and_its_mean_by_its_maximum(maps):
    maximum, mean = distance(*maps)
    _, height, width = maps[0].shape
    k = np.arange(1, height * width + 1)
    assert (maximum >= 0).all()
    assert (maximum <= np.float32(math.hypot(height - 1, width - 1))).all()
    assert (mean <= maximum * (1 + k * EPS32)).all()  # a float32 sum of K terms
    assert (mean * k * (1 + k * EPS32) >= maximum).all()
    np.testing.assert_array_equal(maximum == 0, mean == 0)


@given(map_sets(2))
def test_distance_is_zero_exactly_where_agreement_is_full(maps):
    a, b = maps
    k = np.arange(1, a[0].size + 1)
    np.testing.assert_array_equal(distance(a, b).maximum == 0, curve(a, b) == k)


@given(map_sets(2), st.randoms(use_true_random=False))
def test_permuting_the_images_permutes_the_results(maps, random):
    a, b = maps
    order = list(range(len(a)))
    random.shuffle(order)
    np.testing.assert_array_equal(curve(a[order], b[order]), curve(a, b)[order])
    for permuted, original in zip(distance(a[order], b[order]), distance(a, b), strict=True):
        np.testing.assert_array_equal(permuted, original[order])
    np.testing.assert_array_equal(
        agreement.scaled_map_errors(np.abs(a[order]), np.abs(b[order])),
        np.array(agreement.scaled_map_errors(np.abs(a), np.abs(b)))[:, order],
    )


@given(map_sets(elements=st.floats(0, 1e6, width=32)))
def test_scaled_map_has_maximum_one_or_does_not_exist(maps):
    (maps,) = maps
    scaled = agreement.scaled_map(maps)
    exists = maps.any(axis=(1, 2))
    assert (scaled[exists].max(axis=(1, 2)) == 1).all()
    assert (scaled[exists] >= 0).all()
    assert np.isnan(scaled[~exists]).all()


@given(map_sets(2, elements=st.floats(0, 1e6, width=32)))
def test_scaled_map_error_is_symmetric_and_at_most_one(maps):
    r, s = (maps_ + np.float32(1) for maps_ in maps)
    error = agreement.scaled_map_errors(r, s).saliency
    np.testing.assert_array_equal(error, agreement.scaled_map_errors(s, r).saliency)
    assert ((error >= 0) & (error <= 1)).all()


@given(st.floats(-1e6, 1e6), st.integers(1, 30), st.integers(0, 9))
def test_bootstrap_means_of_a_constant_column_are_that_constant(constant, count, seed):
    replicates = statistics.bootstrap_means(
        np.full((count, 1), constant), samples=20, generator=np.random.default_rng(seed)
    )
    # A sum of `count` products and a division.
    np.testing.assert_allclose(replicates, constant, rtol=(count + 2) * EPS)


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 3)), elements=MODERATE),
    st.integers(0, 9),
)
def test_bootstrap_means_lie_within_the_range_of_their_column(values, seed):
    replicates = statistics.bootstrap_means(
        values, samples=20, generator=np.random.default_rng(seed)
    )
    slack = (len(values) + 2) * EPS * np.abs(values).max(axis=0)
    assert (replicates >= values.min(axis=0) - slack).all()
    assert (replicates <= values.max(axis=0) + slack).all()


SAMPLES = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@given(SAMPLES, SAMPLES)
def test_effect_size_is_antisymmetric_and_the_p_value_symmetric(first, second):
    forth, back = statistics.mann_whitney(first, second), statistics.mann_whitney(second, first)
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
    forth = statistics.delong_auroc(novel, score)
    back = statistics.delong_auroc(novel, 1 - score)
    # Means of at most 25 values in [0, 1].
    rounding = 32 * EPS
    assert abs(back.estimate - (1 - forth.estimate)) <= rounding


@given(labelled_scores())
def test_auroc_of_the_opposite_labels_is_the_opposite_auroc(case):
    novel, score = case
    forth = statistics.delong_auroc(novel, score)
    back = statistics.delong_auroc(~novel, score)
    assert abs(back.estimate - (1 - forth.estimate)) <= 32 * EPS


@given(labelled_scores())
def test_interval_holds_the_auroc_and_lies_in_zero_to_one(case):
    estimate, low, high = statistics.delong_auroc(*case)
    assert 0 <= low <= estimate <= high <= 1
