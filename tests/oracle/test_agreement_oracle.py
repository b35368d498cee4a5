"""The fast agreement metrics against their slow definitions, on maps full of ties."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
import slow_metrics

from stages.lib import agreement

# Small integers tie often; the shapes are not square, and a chunk of the fast code has 256 images.
SHAPES = [(6, 4, 5), (5, 7, 3), (3, 1, 6), (260, 2, 3)]


def tied_maps(shape, seed):
    """Integers −2..2 with zeros of both signs."""
    generator = np.random.default_rng(seed)
    maps = generator.integers(-2, 3, shape).astype(np.float32)
    return np.where(maps == 0, generator.choice([-0.0, 0.0], shape), maps).astype(np.float32)


def map_pairs(shape):
    return tied_maps(shape, 1), tied_maps(shape, 2)


def some_k(shape):
    pixels = shape[1] * shape[2]
    return sorted({1, 2, pixels // 2, pixels - 1, pixels})


@pytest.mark.parametrize("shape", SHAPES)
def test_top_pixels_are_a_sort_by_value_then_index(shape):
    maps = tied_maps(shape, 0)
    for k in some_k(shape):
        expected = [slow_metrics.top_pixels(map_, k) for map_ in maps]
        np.testing.assert_array_equal(agreement.top_pixels(maps, k), expected)


def test_top_pixels_of_wildly_different_magnitudes_are_a_sort_too():
    generator = np.random.default_rng(3)
    exponents = generator.integers(-44, 38, (40, 5, 6))  # down to subnormal numbers
    signs = generator.choice([-1.0, 1.0], exponents.shape)
    maps = (signs * generator.random(exponents.shape) * 10.0**exponents).astype(np.float32)
    expected = [slow_metrics.top_pixels(map_, 30) for map_ in maps]
    np.testing.assert_array_equal(agreement.top_pixels(maps), expected)


def test_zeros_of_both_signs_are_tied():
    maps = np.array([[[-0.0, 0.0, -1.0, -0.0]]], np.float32)
    np.testing.assert_array_equal(agreement.top_pixels(maps), [[0, 1, 3, 2]])
    assert agreement.tied_at(maps, agreement.top_pixels(maps), 1).tolist() == [True]


@pytest.mark.parametrize("shape", SHAPES)
def test_ties_at_k_are_those_of_the_sorted_values(shape):
    maps = tied_maps(shape, 0)
    top = agreement.top_pixels(maps)
    for k in some_k(shape):
        expected = [slow_metrics.tied_at(map_, k) for map_ in maps]
        np.testing.assert_array_equal(agreement.tied_at(maps, top, k), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_agreement_is_the_size_of_the_intersection_at_every_k(shape):
    a, b = map_pairs(shape)
    pixels = shape[1] * shape[2]
    curve = agreement.agreement_curve(agreement.top_pixels(a), agreement.top_pixels(b), pixels)
    for k in range(1, pixels + 1):
        expected = [slow_metrics.agreement(r, s, k) for r, s in zip(a, b, strict=True)]
        np.testing.assert_array_equal(curve[:, k - 1], expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shorter_curve_is_the_start_of_the_longer_one(shape):
    a, b = map_pairs(shape)
    pixels = shape[1] * shape[2]
    top_a, top_b = agreement.top_pixels(a), agreement.top_pixels(b)
    whole = agreement.agreement_curve(top_a, top_b, pixels)
    whole_distance = agreement.distance_curve(top_a, top_b, shape[2])
    for k in some_k(shape):
        short_a, short_b = agreement.top_pixels(a, k), agreement.top_pixels(b, k)
        short = agreement.agreement_curve(short_a, short_b, pixels)
        np.testing.assert_array_equal(short, whole[:, :k])
        short_distance = agreement.distance_curve(short_a, short_b, shape[2])
        np.testing.assert_array_equal(short_distance.maximum, whole_distance.maximum[:, :k])


@pytest.mark.parametrize("shape", SHAPES)
def test_distances_are_those_of_the_full_distance_table_at_every_k(shape):
    a, b = map_pairs(shape)
    pixels = shape[1] * shape[2]
    fast = agreement.distance_curve(agreement.top_pixels(a), agreement.top_pixels(b), shape[2])
    for k in range(1, pixels + 1):
        slow = np.array([slow_metrics.distances(x, y, k) for x, y in zip(a, b, strict=True)])
        # A float32 square root of a small integer is the float64 one, rounded.
        np.testing.assert_array_equal(fast.maximum[:, k - 1], slow[:, 0].astype(np.float32))
        # A float32 sum of k terms: each addition rounds once.
        rounding = (k + 1) * float(np.finfo(np.float32).eps)
        np.testing.assert_allclose(fast.mean[:, k - 1], slow[:, 1], rtol=rounding)


def test_distances_do_not_depend_on_the_chunk(monkeypatch):
    a, b = map_pairs((9, 5, 5))
    orders = agreement.top_pixels(a), agreement.top_pixels(b)
    whole = agreement.distance_curve(*orders, 5)
    monkeypatch.setattr(agreement, "_CHUNK", 2)  # 2 · 1024 / 25² = 3 images at a time
    chunked = agreement.distance_curve(*orders, 5)
    np.testing.assert_array_equal(chunked.maximum, whole.maximum)
    np.testing.assert_array_equal(chunked.mean, whole.mean)


@pytest.mark.parametrize("shape", SHAPES)
def test_scaled_map_errors_are_those_of_the_loop(shape):
    r, s = (np.abs(maps) for maps in map_pairs(shape))
    r[0] = 0
    s[-1] = 0
    slow = np.array([slow_metrics.scaled_map_errors(a, b) for a, b in zip(r, s, strict=True)])
    fast = agreement.scaled_map_errors(r, s)
    # The terms are computed alike; summing n of them rounds at most n times.
    rounding = shape[1] * shape[2] * float(np.finfo(np.float64).eps)
    np.testing.assert_allclose(fast.saliency, slow[:, 0], rtol=rounding)
    np.testing.assert_allclose(fast.squared_saliency, slow[:, 1], rtol=rounding)
    assert np.isnan(fast.saliency[[0, -1]]).all()


@pytest.mark.parametrize("pixels", [1, 12, 784])
def test_chance_agreement_is_the_mean_of_the_hypergeometric_distribution(pixels):
    chance = agreement.chance_agreement(pixels)
    assert chance.shape == (pixels,)
    for k in sorted({1, 1 + pixels // 10, 1 + pixels // 2, pixels}):
        ways = [comb(k, common) * comb(pixels - k, k - common) for common in range(k + 1)]
        weighted = sum(common * count for common, count in enumerate(ways))
        assert chance[k - 1] == float(Fraction(weighted, sum(ways)))  # one division, rounded once


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_chance_agreement_is_the_average_over_all_pairs_of_sets(k):
    sets = [set(chosen) for chosen in combinations(range(6), k)]
    sizes = [len(a & b) for a in sets for b in sets]
    assert agreement.chance_agreement(6)[k - 1] == float(Fraction(sum(sizes), len(sizes)))


def test_chance_distance_is_the_average_over_all_pairs_of_sets():
    height, width, samples = 2, 3, 20_000
    chance = agreement.chance_distance(
        (height, width), 6, samples=samples, generator=np.random.default_rng(0)
    )
    for k in range(1, 7):
        sets = list(combinations(range(height * width), k))
        pairs = np.array(
            [slow_metrics.set_distances(a, b, width=width) for a in sets for b in sets]
        )
        # Four standard errors of the simulation, which is seeded.
        tolerance = 4 * pairs.std(axis=0) / np.sqrt(samples)
        simulated = np.array([chance.maximum[k - 1], chance.mean[k - 1]])
        assert (np.abs(simulated - pairs.mean(axis=0)) <= tolerance).all()
