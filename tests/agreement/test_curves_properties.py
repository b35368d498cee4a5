"""What must hold for the agreement of any two maps."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracles.any_maps import map_sets

from novelty_maps.agreement.curves import agreement_curve, distance_curve, scaled_map_errors
from novelty_maps.maps.ranking import top_pixels

EPS32 = float(np.finfo(np.float32).eps)


def curve(a, b):
    return agreement_curve(top_pixels(a), top_pixels(b), a[0].size)


def distance(a, b):
    return distance_curve(top_pixels(a), top_pixels(b), a.shape[2])


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
        scaled_map_errors(np.abs(a[order]), np.abs(b[order])),
        np.array(scaled_map_errors(np.abs(a), np.abs(b)))[:, order],
    )


@given(map_sets(2, elements=st.floats(0, 1e6, width=32)))
def test_scaled_map_error_is_symmetric_and_at_most_one(maps):
    r, s = (maps_ + np.float32(1) for maps_ in maps)
    error = scaled_map_errors(r, s).saliency
    np.testing.assert_array_equal(error, scaled_map_errors(s, r).saliency)
    assert ((error >= 0) & (error <= 1)).all()
