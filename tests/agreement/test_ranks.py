"""What is kept of a network's maps: any K follows from it, and it is as small as it can be."""

import numpy as np
import pandas as pd
import pytest
from oracles import slow_metrics
from oracles.comparable_maps import COUNT, NOVEL, maps_of
from oracles.nulls import all_null_steps

from novelty_maps.agreement import ranks
from novelty_maps.agreement.curves import agreement_curve, scaled_map_errors
from novelty_maps.agreement.null import NULLS
from novelty_maps.agreement.ranks import (
    IMAGE_MEASURES,
    RANKED,
    place_type,
    rank_maps,
    reconstruction_loss,
)
from novelty_maps.agreement.terms import MEASURES, term_measures
from novelty_maps.maps.names import COMPARED_MAPS
from novelty_maps.maps.ranking import top_pixels
from novelty_maps.pipeline.errors import InputError

MAPS = {name: maps_of(seed) for seed, name in enumerate(COMPARED_MAPS)}


def ranked(maps=MAPS, seed=3):
    return rank_maps(maps, NOVEL, generator=np.random.default_rng(seed))


def test_images_are_ranked_alike_however_many_at_a_time(monkeypatch):
    whole = ranked()
    broken = MAPS["saliency"].copy()
    broken[12, 0, 0] = np.nan
    for pixels in (1, 7 * 30, 11 * 30):
        monkeypatch.setattr(ranks, "_PIXELS", pixels)
        few = ranked()
        np.testing.assert_array_equal(few.places, whole.places)
        pd.testing.assert_frame_equal(few.images, whole.images, check_exact=True)
        with pytest.raises(InputError, match="map 12 "):
            ranked({**MAPS, "saliency": broken})


def test_places_hold_the_order_of_both_maps():
    places = ranked().places
    assert places.shape == (COUNT, 30)
    for name in RANKED:
        np.testing.assert_array_equal(places[name], top_pixels(MAPS[name]))


@pytest.mark.parametrize("k", [1, 2, 7, 29, 30])
def test_steps_up_to_k_add_up_to_the_agreement_at_k(k):
    found = ranked().places["agreement"][:, :k].sum(axis=1)
    pairs = zip(*(MAPS[name] for name in RANKED), strict=True)
    assert found.tolist() == [slow_metrics.agreement(r, s, k) for r, s in pairs]


@pytest.mark.parametrize("k", [1, 2, 7, 29, 30])
def test_ties_are_those_at_k(k):
    places = ranked().places
    for name in RANKED:
        expected = [slow_metrics.tied_at(map_, k) for map_ in MAPS[name]]
        assert places[f"tied_{name}"][:, k - 1].tolist() == expected


def test_nulls_are_drawn_once_for_every_k():
    found = ranked().places
    top = top_pixels(MAPS["reconstruction_error"])
    terms = (MAPS["direct_term"], MAPS["indirect_term"])
    expected = all_null_steps(top, *terms, NOVEL, generator=np.random.default_rng(3))
    for name in NULLS:
        np.testing.assert_array_equal(found[name], expected[name])
    other = ranked(seed=4).places
    assert all((found[name] != other[name]).any() for name in NULLS)
    np.testing.assert_array_equal(found["saliency"], other["saliency"])


def test_images_have_what_does_not_depend_on_k():
    images = ranked().images
    assert list(images) == IMAGE_MEASURES
    assert (images.dtypes == np.float64).all()
    error, saliency, direct, indirect = MAPS.values()
    np.testing.assert_array_equal(images["reconstruction_loss"], reconstruction_loss(error))
    scaled = scaled_map_errors(error, saliency)
    np.testing.assert_array_equal(images["scaled_map_error"], scaled.saliency)
    np.testing.assert_array_equal(images["scaled_map_error_squared"], scaled.squared_saliency)
    pd.testing.assert_frame_equal(images[MEASURES], term_measures(direct, indirect))


def test_reconstruction_loss_is_the_mean_of_the_map_in_float64():
    maps = np.array([[[1, 2], [3, 6]], [[0, 0], [0, 2**-30]]], np.float32)
    loss = reconstruction_loss(maps)
    assert loss.tolist() == [3.0, 2**-32]
    assert loss.dtype == np.float64


@pytest.mark.parametrize("name", RANKED)
def test_nan_map_is_an_input_error(name):
    broken = MAPS[name].copy()
    broken[12, 0, 0] = np.nan
    with pytest.raises(InputError, match="map 12 "):
        ranked({**MAPS, name: broken})


@pytest.mark.parametrize(
    ("pixels", "kind"),
    [(1, np.uint8), (256, np.uint8), (257, np.uint16), (65536, np.uint16), (65537, np.uint32)],
)
def test_record_of_a_place_has_room_for_every_pixel_and_no_more(pixels, kind):
    record = place_type(pixels)
    for name in RANKED:
        assert record[name] == kind
        assert np.array(pixels - 1, record[name]) == pixels - 1
    assert record.itemsize == 2 * np.dtype(kind).itemsize + 5


def test_images_of_more_than_256_pixels_are_ranked_alike():
    """Indices of two bytes: none is cut off."""
    maps = np.random.default_rng(0).random((4, COUNT, 20, 18), dtype=np.float32)
    places = ranked(dict(zip(COMPARED_MAPS, maps, strict=True))).places
    orders = [top_pixels(map_) for map_ in maps[:2]]
    for name, order in zip(RANKED, orders, strict=True):
        np.testing.assert_array_equal(places[name], order)
    curve = agreement_curve(*orders, 360)
    np.testing.assert_array_equal(places["agreement"].cumsum(axis=1), curve)
