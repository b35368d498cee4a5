"""The order of pixels against a slow sort, on maps full of ties."""

import numpy as np
import pytest
from oracles import slow_metrics
from oracles.tied_maps import SHAPES, some_k, tied_maps

from novelty_maps.maps.ranking import ties, top_pixels


@pytest.mark.parametrize("shape", SHAPES)
def test_top_pixels_are_a_sort_by_value_then_index(shape):
    maps = tied_maps(shape, 0)
    for k in some_k(shape):
        expected = [slow_metrics.top_pixels(map_, k) for map_ in maps]
        np.testing.assert_array_equal(top_pixels(maps, k), expected)


@pytest.mark.parametrize("k", [1, 2, 10, 783])
def test_few_top_pixels_of_a_large_map_are_a_sort_too(k):
    maps = np.random.default_rng(k).random((4, 28, 28), dtype=np.float32)
    expected = [slow_metrics.top_pixels(map_, k) for map_ in maps]
    np.testing.assert_array_equal(top_pixels(maps, k), expected)


def test_top_pixels_of_wildly_different_magnitudes_are_a_sort_too():
    generator = np.random.default_rng(3)
    exponents = generator.integers(-44, 38, (40, 5, 6))  # down to subnormal numbers
    signs = generator.choice([-1.0, 1.0], exponents.shape)
    maps = (signs * generator.random(exponents.shape) * 10.0**exponents).astype(np.float32)
    expected = [slow_metrics.top_pixels(map_, 30) for map_ in maps]
    np.testing.assert_array_equal(top_pixels(maps), expected)


def test_zeros_of_both_signs_are_tied():
    maps = np.array([[[-0.0, 0.0, -1.0, -0.0]]], np.float32)
    np.testing.assert_array_equal(top_pixels(maps), [[0, 1, 3, 2]])
    assert ties(maps, top_pixels(maps)).tolist() == [[True, True, False, False]]


@pytest.mark.parametrize("shape", SHAPES)
def test_ties_at_k_are_those_of_the_sorted_values(shape):
    maps = tied_maps(shape, 0)
    tied = ties(maps, top_pixels(maps))
    for k in some_k(shape):
        expected = [slow_metrics.tied_at(map_, k) for map_ in maps]
        np.testing.assert_array_equal(tied[:, k - 1], expected)
