"""AUPRO and its profile: values worked out by hand, and what must hold for all maps."""

import numpy as np
import pytest

from novelty_maps.localization import aupro
from novelty_maps.pipeline.errors import InputError

# Two regions: one pixel, and two that touch by a corner. Nine normal pixels.
MASKS = np.array([[[1, 0, 0], [0, 0, 1], [0, 1, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]], bool)


def random_set(seed, count=30, size=8, levels=6):
    """Tied maps a little higher in their masks; a third of the images are normal."""
    generator = np.random.default_rng(seed)
    masks = generator.random((count, size, size)) < 0.15
    masks[::3] = False
    maps = generator.integers(0, levels, masks.shape) + masks * (levels // 3)
    return maps.astype(np.float32), masks


def of_profile(maps, masks, weights, count=400, limit=aupro.LIMIT):
    thresholds = aupro.pro_thresholds(maps, masks, count, limit)
    return aupro.aupro_of_profile(aupro.pro_profile(maps, masks, thresholds), weights, limit)


def test_regions_touch_by_side_or_corner_and_stay_in_their_image():
    masks = np.zeros((4, 3, 3), bool)
    masks[1] = MASKS[0]
    masks[2, 0, 0] = masks[3, 0, 0] = True  # the same place in neighbouring images
    found = aupro.regions(masks)
    assert sorted(zip(found.image, found.size, strict=True)) == [(1, 1), (1, 2), (2, 1), (3, 1)]
    assert len(set(found.of_pixel[:3])) == 2
    assert found.of_pixel[1] == found.of_pixel[2]


def test_aupro_by_hand():
    maps = np.zeros((1, 2, 3), np.float32)
    masks = np.zeros((1, 2, 3), bool)
    masks[0, 0, 0] = masks[0, 0, 2] = True
    maps[0] = [[4, 3, 2], [1, 0, 0]]
    # Rate and PRO: (0, 1/2) at 4, (1/4, 1/2) at 3, (1/4, 1) at 2, then 1 to the end.
    assert aupro.aupro(maps, masks) == pytest.approx((0.25 * 0.5 + 0.05 * 1) / 0.3)
    assert aupro.aupro(maps, masks, 0.25) == pytest.approx(0.5)
    assert aupro.aupro(maps, masks, 1) == pytest.approx(0.25 * 0.5 + 0.75)


def test_every_region_counts_alike_whatever_its_size():
    maps = np.zeros((1, 4, 9), np.float32)
    masks = np.zeros((1, 4, 9), bool)
    masks[0, 0, 0] = True
    masks[0, :, 4:] = True
    maps[masks] = 1
    maps[0, 0, 0] = -1  # the small region is missed, the large one found
    # The missed one comes up only at a rate of 1.
    assert aupro.aupro(maps, masks) == pytest.approx((0.15 + 1) / 2 - 0.15 / 2)


@pytest.mark.parametrize("seed", range(3))
def test_perfect_map_has_aupro_one(seed):
    maps, masks = random_set(seed)
    maps[masks] += 100
    assert aupro.aupro(maps, masks) == pytest.approx(1, rel=1e-12)
    assert of_profile(maps, masks, np.ones((1, len(maps)))) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_constant_map_has_half_the_limit(limit):
    _, masks = random_set(0)
    maps = np.full(masks.shape, 0.25, np.float32)
    one = np.zeros_like(masks)
    one[1, 2, 3] = True
    for marked in (masks, one):
        assert aupro.aupro(maps, marked, limit) == pytest.approx(limit / 2, rel=1e-12)
        profile = of_profile(maps, marked, np.ones((1, len(maps))), limit=limit)
        assert profile == pytest.approx(limit / 2, rel=1e-12)


def test_worst_map_has_aupro_zero():
    maps, masks = random_set(0)
    maps[masks] = -1
    assert aupro.aupro(maps, masks) == 0


@pytest.mark.parametrize("seed", range(3))
def test_strictly_monotone_transforms_change_nothing(seed):
    maps, masks = random_set(seed)
    expected = aupro.aupro(maps, masks)
    for transformed in (np.exp(maps), 7 * maps - 3, maps.astype(np.float64) ** 3):
        assert aupro.aupro(transformed, masks) == expected


@pytest.mark.parametrize("seed", range(3))
def test_order_of_images_changes_nothing(seed):
    maps, masks = random_set(seed)
    order = np.random.default_rng(seed).permutation(len(maps))
    again = aupro.aupro(maps[order], masks[order])
    assert again == pytest.approx(aupro.aupro(maps, masks), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("value", [-1, 0])
def test_low_normal_images_never_lower_it(seed, value):
    maps, masks = random_set(seed)
    before = aupro.aupro(maps, masks)
    for added in (1, 4, 50):
        low = np.full((added, *maps.shape[1:]), value, np.float32)
        after = aupro.aupro(
            np.concatenate([maps, low]), np.concatenate([masks, np.zeros(low.shape, bool)])
        )
        assert after >= before
        before = after


def test_zeros_of_both_signs_are_tied():
    maps = np.where(MASKS, 0.0, -0.0).astype(np.float32)
    assert aupro.aupro(maps, MASKS) == pytest.approx(0.15)


@pytest.mark.parametrize("mask", [False, True])
def test_undefined_without_a_region_or_a_normal_pixel(mask):
    maps, _ = random_set(0)
    masks = np.full(maps.shape, mask)
    assert np.isnan(aupro.aupro(maps, masks))
    assert np.isnan(of_profile(maps, masks, np.ones((2, len(maps))))).all()
    assert np.isnan(aupro.aupro(maps[:0], masks[:0]))


def test_maps_are_left_as_they_were():
    maps, masks = random_set(0)
    before = maps.tobytes(), masks.tobytes()
    aupro.aupro(maps, masks)
    of_profile(maps, masks, np.ones((1, len(maps))))
    assert (maps.tobytes(), masks.tobytes()) == before


def test_profile_by_hand():
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0] = [[5, 1, 2], [0, 0, 4], [0, 1, 0]]
    maps[1, 0] = [3, 1, 0]
    profile = aupro.pro_profile(maps, MASKS, np.array([4, 2, 1], np.float32))
    assert profile.false_positives.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert profile.overlap.tolist() == [[1.5, 1.5, 2], [0, 0, 0]]
    assert profile.normal_pixels.tolist() == [6, 9]
    assert profile.regions.tolist() == [2, 0]
    assert {part.dtype for part in profile} == {np.dtype(np.float64)}


def smooth_set():
    """Maps without ties, 60 of 28×28, that are partly right."""
    generator = np.random.default_rng(0)
    masks = np.zeros((60, 28, 28), bool)
    for mask in masks[:40]:
        row, column = generator.integers(0, 20, 2)
        mask[row : row + 6, column : column + 5] = True
    return (generator.random(masks.shape) + 0.4 * masks).astype(np.float32), masks


@pytest.mark.parametrize("transform", [lambda x: x, lambda x: x**9, lambda x: -((1.5 - x) ** 9)])
def test_profile_is_near_the_exact_aupro_for_ones_and_for_resamplings(transform):
    maps, masks = smooth_set()
    maps = transform(maps)
    generator = np.random.default_rng(1)
    drawn = generator.integers(0, len(maps), (20, len(maps)))
    weights = np.array([np.bincount(row, minlength=len(maps)) for row in drawn])
    weights = np.concatenate([np.ones((1, len(maps)), int), weights])
    exact = [aupro.aupro(maps.repeat(row, 0), masks.repeat(row, 0)) for row in weights]
    np.testing.assert_allclose(of_profile(maps, masks, weights), exact, atol=1e-3)


def test_results_do_not_depend_on_the_chunk(monkeypatch):
    maps, masks = random_set(0)
    weights = np.random.default_rng(1).integers(0, 3, (50, len(maps)))
    whole = of_profile(maps, masks, weights)
    monkeypatch.setattr(aupro, "_CHUNK", 7)
    np.testing.assert_allclose(of_profile(maps, masks, weights), whole, rtol=1e-12)


def test_resampling_without_a_region_is_undefined_and_leaves_the_others():
    maps, masks = random_set(0)
    weights = np.ones((3, len(maps)))
    weights[1] = ~masks.any(axis=(1, 2))
    assert np.isnan(of_profile(maps, masks, weights)).tolist() == [False, True, False]


def test_thresholds_fall_from_above_all_normal_pixels_and_are_densest_there():
    maps, masks = smooth_set()
    thresholds = aupro.pro_thresholds(maps, masks)
    normal = maps[~masks]
    assert 390 < len(thresholds) <= 400  # near 0 neighbours are the same pixel
    assert thresholds.dtype == np.float32
    assert (np.diff(thresholds) < 0).all()
    rates = (normal >= thresholds[:, None]).mean(axis=1)
    assert rates[0] == 0
    assert rates[1] == 1 / normal.size
    assert rates[-1] == pytest.approx(0.5, abs=1e-3)
    assert (rates < 0.01).sum() > 50
    assert np.diff(rates).max() < 0.004


def test_thresholds_by_hand():
    maps = np.arange(40, dtype=np.float32)[::-1].reshape(1, 8, 5)
    masks = maps > 36
    # Rates of 0, 1/4 and 1 among the normal pixels 36, 35, …, 0.
    above = np.nextafter(np.float32(36), np.float32(np.inf))
    thresholds = aupro.pro_thresholds(maps, masks, 4, limit=0.6)
    assert thresholds.tolist() == [above, 36, 27, 0]
    assert aupro.pro_thresholds(maps, masks, 2).tolist() == [above, 36]


def test_there_are_400_thresholds_where_quantiles_differ():
    maps = np.arange(400 * 800, dtype=np.float32).reshape(1, 400, 800)
    assert len(aupro.pro_thresholds(maps, maps == 0)) == 400


def test_equal_quantiles_are_one_threshold():
    maps, masks = random_set(0, levels=3)
    thresholds = aupro.pro_thresholds(maps, masks, limit=1)
    assert thresholds.tolist()[1:] == [2, 1, 0]
    # With a threshold at every value the profile is exact.
    exact = aupro.aupro(maps, masks)
    profile = aupro.pro_profile(maps, masks, np.concatenate([[9, 3], thresholds[1:]]))
    assert aupro.aupro_of_profile(profile, np.ones((1, len(maps)))) == pytest.approx(exact)


@pytest.mark.parametrize("limit", [0, -0.1, 1.01, np.nan])
def test_limit_that_is_no_rate_is_an_input_error(limit):
    maps, masks = random_set(0)
    profile = aupro.pro_profile(maps, masks, np.array([1.0]))
    for call in (
        lambda: aupro.aupro(maps, masks, limit),
        lambda: aupro.pro_thresholds(maps, masks, limit=limit),
        lambda: aupro.aupro_of_profile(profile, np.ones((1, len(maps))), limit),
    ):
        with pytest.raises(InputError, match=r"limit .* must be in \(0, 1\]"):
            call()


def test_thresholds_that_do_not_fall_are_an_input_error():
    maps, masks = random_set(0)
    for thresholds in ([1.0, 2.0], [1.0, 1.0], [2.0, 3.0, 1.0]):
        with pytest.raises(InputError, match="must fall strictly"):
            aupro.pro_profile(maps, masks, np.array(thresholds))
    with pytest.raises(InputError, match="count is 1"):
        aupro.pro_thresholds(maps, masks, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_map_that_is_not_finite_is_an_input_error_that_names_its_index(value):
    maps, masks = random_set(0)
    maps[7, 1, 2] = value
    for call in (
        lambda: aupro.aupro(maps, masks),
        lambda: aupro.pro_thresholds(maps, masks),
        lambda: aupro.pro_profile(maps, masks, np.array([1.0])),
    ):
        with pytest.raises(InputError, match="map 7 holds NaN or infinity"):
            call()
