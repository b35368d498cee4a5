"""The fast agreement metrics against their slow definitions, on maps full of ties."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from oracles import slow_metrics
from oracles.tied_maps import SHAPES, some_k, tied_maps

from novelty_maps.agreement import curves
from novelty_maps.agreement.curves import (
    agreement_curve,
    chance_agreement,
    chance_distance,
    distance_curve,
    scaled_map_errors,
)
from novelty_maps.maps.ranking import top_pixels


def map_pairs(shape):
    return tied_maps(shape, 1), tied_maps(shape, 2)


@pytest.mark.parametrize("shape", SHAPES)
def test_agreement_is_the_size_of_the_intersection_at_every_k(shape):
    a, b = map_pairs(shape)
    pixels = shape[1] * shape[2]
    curve = agreement_curve(top_pixels(a), top_pixels(b), pixels)
    for k in range(1, pixels + 1):
        expected = [slow_metrics.agreement(r, s, k) for r, s in zip(a, b, strict=True)]
        np.testing.assert_array_equal(curve[:, k - 1], expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shorter_curve_is_the_start_of_the_longer_one(shape):
    a, b = map_pairs(shape)
    pixels = shape[1] * shape[2]
    top_a, top_b = top_pixels(a), top_pixels(b)
    whole = agreement_curve(top_a, top_b, pixels)
    whole_distance = distance_curve(top_a, top_b, shape[2])
    for k in some_k(shape):
        short_a, short_b = top_pixels(a, k), top_pixels(b, k)
        short = agreement_curve(short_a, short_b, pixels)
        np.testing.assert_array_equal(short, whole[:, :k])
        short_distance = distance_curve(short_a, short_b, shape[2])
        np.testing.assert_array_equal(short_distance.maximum, whole_distance.maximum[:, :k])


@pytest.mark.parametrize("shape", SHAPES)
def test_distances_are_those_of_the_full_distance_table_at_every_k(shape):
    a, b = map_pairs(shape)
    pixels = shape[1] * shape[2]
    fast = distance_curve(top_pixels(a), top_pixels(b), shape[2])
    for k in range(1, pixels + 1):
        slow = np.array([slow_metrics.distances(x, y, k) for x, y in zip(a, b, strict=True)])
        # A float32 square root of a small integer is the float64 one, rounded.
        np.testing.assert_array_equal(fast.maximum[:, k - 1], slow[:, 0].astype(np.float32))
        # A float32 sum of k terms: each addition rounds once.
        rounding = (k + 1) * float(np.finfo(np.float32).eps)
        np.testing.assert_allclose(fast.mean[:, k - 1], slow[:, 1], rtol=rounding)


def test_distances_do_not_depend_on_the_chunk(monkeypatch):
    a, b = map_pairs((9, 5, 5))
    orders = top_pixels(a), top_pixels(b)
    whole = distance_curve(*orders, 5)
    monkeypatch.setattr(curves, "_CHUNK", 2)  # 2 · 1024 / 25² = 3 images at a time
    chunked = distance_curve(*orders, 5)
    np.testing.assert_array_equal(chunked.maximum, whole.maximum)
    np.testing.assert_array_equal(chunked.mean, whole.mean)


def test_mean_distance_is_a_float32_sum_of_float32_distances():
    a, b = map_pairs((9, 5, 5))
    fast = distance_curve(top_pixels(a, 12), top_pixels(b, 12), 5).mean[:, -1]
    for found, top_a, top_b in zip(fast, top_pixels(a, 12), top_pixels(b, 12), strict=True):
        total = np.float32(0)
        for pixel in top_a.tolist():
            total += np.float32(slow_metrics.set_distances([pixel], top_b.tolist(), width=5)[0])
        assert found == total / np.float32(12)


def test_agreement_and_scaled_map_errors_do_not_depend_on_the_chunk(monkeypatch):
    a, b = (np.abs(maps) for maps in map_pairs((9, 5, 5)))
    orders = top_pixels(a), top_pixels(b)
    agreements, errors = agreement_curve(*orders, 25), scaled_map_errors(a, b)
    monkeypatch.setattr(curves, "_CHUNK", 2)
    np.testing.assert_array_equal(agreement_curve(*orders, 25), agreements)
    np.testing.assert_array_equal(scaled_map_errors(a, b), errors)


def test_distances_of_more_pixels_than_fit_into_a_chunk_are_those_of_the_table():
    a, b = np.random.default_rng(0).random((2, 2, 24, 25), dtype=np.float32)
    fast = distance_curve(top_pixels(a, 550), top_pixels(b, 550), 25)
    for k in (1, 549, 550):
        slow = np.array([slow_metrics.distances(x, y, k) for x, y in zip(a, b, strict=True)])
        np.testing.assert_array_equal(fast.maximum[:, k - 1], slow[:, 0].astype(np.float32))


def test_chance_distance_is_that_of_uniform_noise():
    generator, again = np.random.default_rng(0), np.random.default_rng(0)
    chance = chance_distance((4, 6), 3, samples=40, generator=generator)
    noise = again.random((2, 40, 4, 6), dtype=np.float32)
    assert generator.random() == again.random()  # and of no more of it
    for k in (1, 2, 3):
        slow = np.mean([slow_metrics.distances(a, b, k) for a, b in zip(*noise, strict=True)], 0)
        np.testing.assert_allclose([chance.maximum[k - 1], chance.mean[k - 1]], slow, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_scaled_map_errors_are_those_of_the_loop(shape):
    r, s = (np.abs(maps) for maps in map_pairs(shape))
    r[0] = 0
    s[-1] = 0
    slow = np.array([slow_metrics.scaled_map_errors(a, b) for a, b in zip(r, s, strict=True)])
    fast = scaled_map_errors(r, s)
    # The terms are computed alike; summing n of them rounds at most n times.
    rounding = shape[1] * shape[2] * float(np.finfo(np.float64).eps)
    np.testing.assert_allclose(fast.saliency, slow[:, 0], rtol=rounding)
    np.testing.assert_allclose(fast.squared_saliency, slow[:, 1], rtol=rounding)
    assert np.isnan(fast.saliency[[0, -1]]).all()


@pytest.mark.parametrize("pixels", [1, 12, 784])
def test_chance_agreement_is_the_mean_of_the_hypergeometric_distribution(pixels):
    chance = chance_agreement(pixels)
    assert chance.shape == (pixels,)
    for k in sorted({1, 1 + pixels // 10, 1 + pixels // 2, pixels}):
        ways = [comb(k, common) * comb(pixels - k, k - common) for common in range(k + 1)]
        weighted = sum(common * count for common, count in enumerate(ways))
        assert chance[k - 1] == float(Fraction(weighted, sum(ways)))  # one division, rounded once


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_chance_agreement_is_the_average_over_all_pairs_of_sets(k):
    sets = [set(chosen) for chosen in combinations(range(6), k)]
    sizes = [len(a & b) for a in sets for b in sets]
    assert chance_agreement(6)[k - 1] == float(Fraction(sum(sizes), len(sizes)))


def test_chance_distance_is_the_average_over_all_pairs_of_sets():
    height, width, samples = 2, 3, 20_000
    chance = chance_distance(
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
