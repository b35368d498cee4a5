"""The agreement metrics on 3×3 maps, worked out by hand."""

import numpy as np
import pytest

from stages.lib import agreement
from stages.lib.errors import InputError

ROOT2 = np.float32(np.sqrt(2))

R = np.array([[[9, 1, 2], [3, 8, 4], [5, 6, 7]]], np.float32)
S = np.array([[[9, 0, 0], [0, 0, 0], [1, 2, 8]]], np.float32)
TOP_R = [0, 4, 8, 7, 6, 5, 3, 2, 1]
TOP_S = [0, 8, 7, 6, 1, 2, 3, 4, 5]


def top(*indices):
    return np.array([indices], np.int32)


def test_top_pixels_are_the_highest_first():
    assert agreement.top_pixels(R).tolist() == [TOP_R]
    assert agreement.top_pixels(R, 3).tolist() == [[0, 4, 8]]


def test_equal_values_are_ordered_by_lowest_index():
    assert agreement.top_pixels(S).tolist() == [TOP_S]
    assert agreement.top_pixels(S, 6).tolist() == [[0, 8, 7, 6, 1, 2]]


def test_negative_values_rank_below_zero():
    maps = np.array([[[-1, 0, -3], [2, -0.5, -2], [0, -4, 1]]], np.float32)
    assert agreement.top_pixels(maps).tolist() == [[3, 8, 1, 6, 4, 0, 5, 2, 7]]


def test_agreement_at_every_k():
    curve = agreement.agreement_curve(top(*TOP_R), top(*TOP_S), 9)
    assert curve.tolist() == [[1, 1, 2, 3, 4, 4, 5, 7, 9]]


def test_distances_from_saliency_to_error():
    distances = agreement.distance_curve(top(0, 8, 7), top(0, 4, 8), 3)
    # K = 2: 8 is one step along the diagonal from 4; K = 3: 7 is one below 4.
    np.testing.assert_array_equal(distances.maximum, [[0, ROOT2, 1]])
    np.testing.assert_array_equal(distances.mean, [[0, ROOT2 / 2, np.float32(1) / 3]])


def test_distance_depends_on_the_direction():
    forth = agreement.distance_curve(top(0, 1), top(0, 8), 3)
    back = agreement.distance_curve(top(0, 8), top(0, 1), 3)
    assert forth.maximum[0, 1] == 1
    assert back.maximum[0, 1] == np.sqrt(np.float32(5))
    assert back.mean[0, 1] == np.sqrt(np.float32(5)) / 2


def test_distance_reads_rows_and_columns_off_the_width():
    # Flat index 4 is (1, 0) in an image of width 4 and (2, 0) in one of width 2.
    assert agreement.distance_curve(top(0), top(4), 4).maximum.tolist() == [[1]]
    assert agreement.distance_curve(top(0), top(4), 2).maximum.tolist() == [[2]]


def test_scaled_map_is_the_map_over_its_maximum():
    scaled = agreement.scaled_map(S)
    expected = np.array([[[9, 0, 0], [0, 0, 0], [1, 2, 8]]]) / 9
    np.testing.assert_array_equal(scaled, expected)
    assert scaled.dtype == np.float64


def test_scaled_map_errors_to_saliency_and_its_square():
    r = np.zeros((1, 3, 3), np.float32)
    s = np.zeros((1, 3, 3), np.float32)
    r[0, 0] = [4, 2, 0]  # scaled: 1, 1/2, 0
    s[0, 0] = [2, 1, 1]  # scaled: 1, 1/2, 1/2
    errors = agreement.scaled_map_errors(r, s)
    assert errors.saliency.tolist() == [(0 + 0 + 0.25) / 9]
    assert errors.squared_saliency.tolist() == [(0 + 0.0625 + 0.0625) / 9]


def test_scaled_map_error_is_zero_for_maps_that_differ_by_a_factor():
    errors = agreement.scaled_map_errors(R, 4 * R)
    assert errors.saliency.tolist() == [0]


def test_all_zero_map_has_no_scaled_map():
    zero = np.zeros((1, 3, 3), np.float32)
    assert np.isnan(agreement.scaled_map(zero)).all()
    for r, s in ((R, zero), (zero, R), (zero, zero)):
        assert np.isnan(agreement.scaled_map_errors(r, s)).all()


def test_an_undefined_image_leaves_the_others_defined():
    r = np.concatenate([R, np.zeros_like(R), R])
    errors = agreement.scaled_map_errors(r, np.concatenate([R, R, R]))
    np.testing.assert_array_equal(errors.saliency, [0, np.nan, 0])


def test_ties_at_k_are_found_only_where_the_next_value_is_equal():
    maps = np.array([[[5, 5, 5], [1, 1, 0], [0, 0, 0]]], np.float32)
    order = agreement.top_pixels(maps)
    tied = [bool(agreement.tied_at(maps, order, k)[0]) for k in range(1, 10)]
    assert tied == [True, True, False, True, False, True, True, True, False]


@pytest.mark.parametrize("k", [0, -1, 10])
def test_impossible_k_is_an_input_error_that_names_the_range(k):
    with pytest.raises(InputError, match=rf"K is {k}: an image has 9 pixels.*1\.\.9"):
        agreement.top_pixels(R, k)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("index", [0, 3, 300])
def test_map_that_is_not_finite_is_an_input_error_that_names_its_index(value, index):
    maps = np.repeat(R, 302, axis=0)
    maps[index, 2, 1] = value
    maps[301, 0, 0] = value
    with pytest.raises(InputError, match=rf"map {index} holds NaN or infinity"):
        agreement.top_pixels(maps)


def test_float64_maps_are_refused():
    with pytest.raises(TypeError, match="float64"):
        agreement.top_pixels(R.astype(np.float64))


def test_top_pixels_leave_the_maps_as_they_were():
    maps = np.array([[[-0.0, 1], [0.0, -2]]], np.float32)
    before = maps.tobytes()
    agreement.top_pixels(maps)
    agreement.scaled_map_errors(np.abs(maps), np.abs(maps))
    assert maps.tobytes() == before


def test_chance_agreement_is_k_squared_over_n():
    assert agreement.chance_agreement(4).tolist() == [0.25, 1, 2.25, 4]


def test_chance_distance_is_a_function_of_the_generator():
    first, again, other = (
        agreement.chance_distance((4, 5), 3, samples=50, generator=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.maximum, again.maximum)
    np.testing.assert_array_equal(first.mean, again.mean)
    assert (first.maximum != other.maximum).any()


def test_chance_distance_is_zero_where_all_pixels_are_chosen():
    chance = agreement.chance_distance((2, 3), 6, samples=20, generator=np.random.default_rng(0))
    assert chance.maximum[-1] == chance.mean[-1] == 0
    assert chance.maximum[0] > 0
