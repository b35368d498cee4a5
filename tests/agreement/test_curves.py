"""The agreement metrics on 3×3 maps, worked out by hand."""

import numpy as np

from novelty_maps.agreement.curves import (
    agreement_curve,
    chance_agreement,
    chance_distance,
    distance_curve,
    scaled_map_errors,
)

ROOT2 = np.float32(np.sqrt(2))

R = np.array([[[9, 1, 2], [3, 8, 4], [5, 6, 7]]], np.float32)
S = np.array([[[9, 0, 0], [0, 0, 0], [1, 2, 8]]], np.float32)
TOP_R = [0, 4, 8, 7, 6, 5, 3, 2, 1]
TOP_S = [0, 8, 7, 6, 1, 2, 3, 4, 5]


def top(*indices):
    return np.array([indices], np.int32)


def test_agreement_at_every_k():
    curve = agreement_curve(top(*TOP_R), top(*TOP_S), 9)
    assert curve.tolist() == [[1, 1, 2, 3, 4, 4, 5, 7, 9]]


def test_distances_from_saliency_to_error():
    distances = distance_curve(top(0, 8, 7), top(0, 4, 8), 3)
    # K = 2: 8 is one step along the diagonal from 4; K = 3: 7 is one below 4.
    np.testing.assert_array_equal(distances.maximum, [[0, ROOT2, 1]])
    np.testing.assert_array_equal(distances.mean, [[0, ROOT2 / 2, np.float32(1) / 3]])


def test_distance_depends_on_the_direction():
    forth = distance_curve(top(0, 1), top(0, 8), 3)
    back = distance_curve(top(0, 8), top(0, 1), 3)
    assert forth.maximum[0, 1] == 1
    assert back.maximum[0, 1] == np.sqrt(np.float32(5))
    assert back.mean[0, 1] == np.sqrt(np.float32(5)) / 2


def test_distance_reads_rows_and_columns_off_the_width():
    # Flat index 4 is (1, 0) in an image of width 4 and (2, 0) in one of width 2.
    assert distance_curve(top(0), top(4), 4).maximum.tolist() == [[1]]
    assert distance_curve(top(0), top(4), 2).maximum.tolist() == [[2]]


def test_agreement_is_counted_in_int32_and_distance_measured_in_float32():
    assert agreement_curve(top(0, 1), top(0, 8), 9).dtype == np.int32
    assert {values.dtype for values in distance_curve(top(0, 1), top(0, 8), 3)} == {
        np.dtype(np.float32)
    }


def test_scaled_map_errors_to_saliency_and_its_square():
    r = np.zeros((1, 3, 3), np.float32)
    s = np.zeros((1, 3, 3), np.float32)
    r[0, 0] = [4, 2, 0]  # scaled: 1, 1/2, 0
    s[0, 0] = [2, 1, 1]  # scaled: 1, 1/2, 1/2
    errors = scaled_map_errors(r, s)
    assert errors.saliency.tolist() == [(0 + 0 + 0.25) / 9]
    assert errors.squared_saliency.tolist() == [(0 + 0.0625 + 0.0625) / 9]


def test_scaled_map_error_is_zero_for_maps_that_differ_by_a_factor():
    errors = scaled_map_errors(R, 4 * R)
    assert errors.saliency.tolist() == [0]


def test_all_zero_map_has_no_scaled_map_error():
    zero = np.zeros((1, 3, 3), np.float32)
    for r, s in ((R, zero), (zero, R), (zero, zero)):
        assert np.isnan(scaled_map_errors(r, s)).all()


def test_an_undefined_image_leaves_the_others_defined():
    r = np.concatenate([R, np.zeros_like(R), R])
    errors = scaled_map_errors(r, np.concatenate([R, R, R]))
    np.testing.assert_array_equal(errors.saliency, [0, np.nan, 0])


def test_maps_are_left_as_they_were():
    maps = np.array([[[-0.0, 1], [0.0, -2]]], np.float32)
    before = maps.tobytes()
    scaled_map_errors(np.abs(maps), np.abs(maps))
    assert maps.tobytes() == before


def test_chance_agreement_is_k_squared_over_n():
    assert chance_agreement(4).tolist() == [0.25, 1, 2.25, 4]


def test_chance_distance_is_a_function_of_the_generator():
    first, again, other = (
        chance_distance((4, 5), 3, samples=50, generator=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.maximum, again.maximum)
    np.testing.assert_array_equal(first.mean, again.mean)
    assert (first.maximum != other.maximum).any()


def test_chance_distance_is_zero_where_all_pixels_are_chosen():
    chance = chance_distance((2, 3), 6, samples=20, generator=np.random.default_rng(0))
    assert chance.maximum[-1] == chance.mean[-1] == 0
    assert chance.maximum[0] > 0
