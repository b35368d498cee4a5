"""The order of pixels and the scaled map on 3×3 maps, worked out by hand, and what is refused."""

import numpy as np
import pytest

from novelty_maps.maps.ranking import (
    require_k,
    require_maps,
    require_masked,
    scaled_map,
    ties,
    top_pixels,
)
from novelty_maps.pipeline.errors import InputError

R = np.array([[[9, 1, 2], [3, 8, 4], [5, 6, 7]]], np.float32)
S = np.array([[[9, 0, 0], [0, 0, 0], [1, 2, 8]]], np.float32)
TOP_R = [0, 4, 8, 7, 6, 5, 3, 2, 1]
TOP_S = [0, 8, 7, 6, 1, 2, 3, 4, 5]


def test_top_pixels_are_the_highest_first():
    assert top_pixels(R).tolist() == [TOP_R]
    assert top_pixels(R, 3).tolist() == [[0, 4, 8]]


def test_equal_values_are_ordered_by_lowest_index():
    assert top_pixels(S).tolist() == [TOP_S]
    assert top_pixels(S, 6).tolist() == [[0, 8, 7, 6, 1, 2]]


def test_negative_values_rank_below_zero():
    maps = np.array([[[-1, 0, -3], [2, -0.5, -2], [0, -4, 1]]], np.float32)
    assert top_pixels(maps).tolist() == [[3, 8, 1, 6, 4, 0, 5, 2, 7]]


def test_scaled_map_is_the_map_over_its_maximum():
    scaled = scaled_map(S)
    expected = np.array([[[9, 0, 0], [0, 0, 0], [1, 2, 8]]]) / 9
    np.testing.assert_array_equal(scaled, expected)
    assert scaled.dtype == np.float64


def test_ties_at_k_are_found_only_where_the_next_value_is_equal():
    maps = np.array([[[5, 5, 5], [1, 1, 0], [0, 0, 0]]], np.float32)
    tied = ties(maps, top_pixels(maps))
    assert tied[0].tolist() == [True, True, False, True, False, True, True, True, False]


@pytest.mark.parametrize("k", [0, -1, 10])
def test_impossible_k_is_an_input_error_that_names_the_range(k):
    with pytest.raises(InputError, match=rf"K is {k}: an image has 9 pixels.*1\.\.9"):
        top_pixels(R, k)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("index", [0, 3, 300])
def test_map_that_is_not_finite_is_an_input_error_that_names_its_index(value, index):
    maps = np.repeat(R, 302, axis=0)
    maps[index, 2, 1] = value
    maps[301, 0, 0] = value
    with pytest.raises(InputError, match=rf"map {index} holds NaN or infinity"):
        top_pixels(maps)


def test_float64_maps_are_refused():
    with pytest.raises(TypeError, match="float64"):
        top_pixels(R.astype(np.float64))


def test_scaled_map_has_maximum_one_however_small_the_map():
    tiny = S * np.float32(2**-140)
    np.testing.assert_array_equal(scaled_map(tiny), S.astype(np.float64) / 9)


def test_map_that_is_zero_everywhere_has_no_scaled_map_and_leaves_the_others():
    scaled = scaled_map(np.concatenate([R, np.zeros_like(R), S]))
    assert np.isnan(scaled[1]).all()
    np.testing.assert_array_equal(scaled[[0, 2]], np.concatenate([R, S]).astype(np.float64) / 9)


def test_functions_leave_the_maps_as_they_were():
    maps = np.array([[[-0.0, 1], [0.0, 2]]], np.float32)
    before = maps.tobytes()
    ties(maps, top_pixels(maps))
    scaled_map(maps)
    require_maps(maps)
    assert maps.tobytes() == before


def test_k_is_possible_from_one_to_the_number_of_pixels():
    require_k(1, 9)
    require_k(9, 9)
    for k in (0, 10):
        with pytest.raises(InputError, match=rf"K is {k}: .* 9 pixels, so K must be in 1\.\.9"):
            require_k(k, 9)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_maps_to_measure_must_be_finite_and_the_first_that_is_not_is_named(value):
    maps = np.repeat(R, 10, axis=0).astype(np.float64)
    require_maps(maps)
    maps[7, 1, 2] = maps[9, 0, 0] = value
    with pytest.raises(InputError, match=r"^map 7 holds NaN or infinity: the network's .* rate$"):
        require_maps(maps)


def test_maps_to_measure_are_floats_of_three_axes_and_may_be_none():
    require_maps(np.zeros((0, 4, 4), np.float32))
    with pytest.raises(TypeError, match="maps are int64, not float"):
        require_maps(R.astype(np.int64))
    with pytest.raises(InputError, match=r"shape \(3, 3\), but should have \(N, H, W\)"):
        require_maps(R[0])


def test_each_map_to_measure_has_a_mask_of_bools():
    masks = R > 5
    require_masked(R, masks)
    with pytest.raises(InputError, match="map 0 holds NaN"):
        require_masked(R * np.float32(np.nan), masks)
    with pytest.raises(TypeError, match="masks are uint8, not bool"):
        require_masked(R, masks.astype(np.uint8))
    with pytest.raises(InputError, match=r"masks have the shape \(0, 3, 3\), but their maps"):
        require_masked(R, masks[:0])
