"""What must hold for the nulls of any two terms."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from oracles.any_maps import map_sets
from oracles.nulls import all_null_steps

from novelty_maps.agreement.null import (
    null_agreements,
    other_image_term,
    shuffled_term,
)
from novelty_maps.agreement.terms import term_measures
from novelty_maps.maps.ranking import top_pixels

TERMS = st.integers(-(2**16), 2**16).map(lambda value: value / 64)  # float32 has all of them


def nulls(error, direct, indirect, *, k, seed=0):
    novel = np.arange(len(error)) % 2 == 1
    generator = np.random.default_rng(seed)
    steps = all_null_steps(top_pixels(error), direct, indirect, novel, generator=generator)
    return null_agreements(steps, novel, k=k)


def in_places(count):
    """Which images have another of their kind, odd ones and even ones being the kinds."""
    return np.array([any(j != i and (j - i) % 2 == 0 for j in range(count)) for i in range(count)])


@given(map_sets(2, TERMS), st.integers(0, 9))
def test_share_of_the_indirect_term_is_that_of_the_nulls(maps, seed):
    direct, indirect = maps
    share = term_measures(direct, indirect)["indirect_share"]
    shuffled = shuffled_term(indirect, np.random.default_rng(seed))
    found = term_measures(direct, shuffled)["indirect_share"]
    np.testing.assert_allclose(found, share, rtol=1e-12)
    other = np.roll(indirect, 1, axis=0)
    scaled = other_image_term(indirect, other)
    has_norm = other.any(axis=(1, 2))
    found = term_measures(direct, scaled)["indirect_share"]
    np.testing.assert_allclose(found[has_norm], share[has_norm], rtol=1e-6)
    assert not scaled[~has_norm].any()


@given(map_sets(3, TERMS))
def test_all_pixels_agree_with_all_pixels(maps):
    pixels = maps[0][0].size
    table = nulls(*maps, k=pixels)
    assert (table["shuffled_agreement"] == pixels).all()
    other = np.where(in_places(len(table)), pixels, np.nan)
    np.testing.assert_array_equal(table["other_image_agreement"], other)


@given(map_sets(1), st.data())
def test_without_an_indirect_term_all_k_agree(maps, data):
    (direct,) = maps
    k = data.draw(st.integers(1, direct[0].size))
    table = nulls(np.abs(direct), direct, np.zeros_like(direct), k=k)
    assert (table["shuffled_agreement"] == k).all()
    assert (table["other_image_agreement"].dropna() == k).all()


@given(map_sets(3), st.data())
def test_agreement_lies_between_its_least_and_k(maps, data):
    pixels = maps[0][0].size
    k = data.draw(st.integers(1, pixels))
    table = nulls(*maps, k=k)
    assert table["shuffled_agreement"].between(max(0, 2 * k - pixels), k).all()
    other = table["other_image_agreement"]
    assert other.dropna().between(max(0, 2 * k - pixels), k).all()
    np.testing.assert_array_equal(other.notna(), in_places(len(table)))


@given(map_sets(3), st.data(), st.integers(0, 9))
def test_same_generator_gives_the_same(maps, data, seed):
    k = data.draw(st.integers(1, maps[0][0].size))
    pd.testing.assert_frame_equal(nulls(*maps, k=k, seed=seed), nulls(*maps, k=k, seed=seed))


@given(map_sets(3, TERMS), st.integers(0, 20))
def test_units_of_the_gradient_change_nothing(maps, exponent):
    error, direct, indirect = maps
    unit = np.float32(2.0**exponent)
    pd.testing.assert_frame_equal(
        nulls(error, unit * direct, unit * indirect, k=1), nulls(error, direct, indirect, k=1)
    )
