"""What must hold for the order of the pixels of any map."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracles.any_maps import map_sets

from novelty_maps.maps.ranking import scaled_map, top_pixels


@given(map_sets())
def test_all_top_pixels_are_a_permutation_in_descending_order(maps):
    (maps,) = maps
    top = top_pixels(maps)
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
    np.testing.assert_array_equal(top_pixels(maps, k), top_pixels(maps)[:, :k])


@given(map_sets(elements=st.floats(0, 1e6, width=32)))
def test_scaled_map_has_maximum_one_or_does_not_exist(maps):
    (maps,) = maps
    scaled = scaled_map(maps)
    exists = maps.any(axis=(1, 2))
    assert (scaled[exists].max(axis=(1, 2)) == 1).all()
    assert (scaled[exists] >= 0).all()
    assert np.isnan(scaled[~exists]).all()
