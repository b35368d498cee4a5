"""The fast localization metrics against their slow definitions, and AUPRO against anomalib's."""

from fractions import Fraction

import numpy as np
import pytest
from oracles import slow_localization, slow_metrics

from benchmarks import aupro as benchmark
from novelty_maps.localization import aupro
from novelty_maps.localization.measures import (
    image_separation,
    pointing_game,
    relevance_rank_accuracy,
)

# Float64 sums of at most a few hundred terms between 0 and 1, all computed once and rounded.
ROUNDING = 1e-12

# AUPRO of anomalib 2.7.0 with torch 2.13.0 for `benchmarks.aupro.recorded_cases`, as
# `python -m benchmarks.aupro --record` prints it where anomalib is installed.
RECORDED = {
    "many ties": 0.4401879906654358,
    "few ties": 0.3489319980144501,
    "lower inside": 0.013933842070400715,
    "large regions": 0.4704854190349579,
}
# anomalib computes in float32. Rounding the points of the curve, their differences and products,
# the limit and the quotient costs one unit of 2⁻²⁴ each, about six; the cascaded sum of up to
# 2¹⁰ terms at most ten more.
FLOAT32 = 16 * 2.0**-24


def tied(seed, shape=(7, 6, 5), levels=4, share=0.3):
    """Maps of few values, and masks of which some are empty and one is full."""
    generator = np.random.default_rng(seed)
    maps = generator.integers(-levels, levels, shape).astype(np.float32) / 2
    masks = generator.random(shape) < share
    masks[:2] = False
    masks[2] = True
    return maps, masks


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_regions_are_those_of_a_flood_fill(share):
    _, masks = tied(0, shape=(9, 8, 7), share=share)
    found = aupro.regions(masks)
    slow = [(image, r) for image, mask in enumerate(masks) for r in slow_localization.regions(mask)]
    assert sorted(zip(found.image, found.size, strict=True)) == sorted(
        (image, len(region)) for image, region in slow
    )
    of_place = dict(zip(zip(*masks.nonzero(), strict=True), found.of_pixel, strict=True))
    for image, region in slow:
        assert len({of_place[image, row, column] for row, column in region}) == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("levels", [1, 3, 1000])
@pytest.mark.parametrize("limit", [Fraction(3, 10), Fraction(1, 200), Fraction(1)])
def test_aupro_is_that_of_a_threshold_at_every_value(seed, levels, limit):
    maps, masks = tied(seed, levels=levels)
    expected = slow_localization.aupro(maps, masks, limit)
    assert aupro.aupro(maps, masks, float(limit)) == pytest.approx(expected, rel=ROUNDING)


def test_aupro_where_the_limit_is_a_point_of_the_curve():
    # 3 of 10 normal pixels are above the rest.
    maps = np.array([[[5, 5, 5, 1, 1, 1], [4, 1, 1, 1, 0, 5]]], np.float32)
    masks = np.zeros(maps.shape, bool)
    masks[0, 1, [0, 5]] = True
    expected = slow_localization.aupro(maps, masks)
    assert aupro.aupro(maps, masks) == pytest.approx(expected, rel=ROUNDING)


@pytest.mark.parametrize("levels", [2, 6])
def test_profile_holds_the_points_of_the_curve(levels):
    maps, masks = tied(1, levels=levels)
    thresholds = np.array([levels, 0.75, 0.5, 0, -0.5, -levels], np.float32)
    profile = aupro.pro_profile(maps, masks, thresholds)
    expected = slow_localization.pro_points(maps, masks, thresholds.tolist())
    rate = profile.false_positives.sum(axis=0) / profile.normal_pixels.sum()
    pro = profile.overlap.sum(axis=0) / profile.regions.sum()
    np.testing.assert_allclose(rate, [float(x) for x, _ in expected], rtol=ROUNDING)
    np.testing.assert_allclose(pro, [float(y) for _, y in expected], rtol=ROUNDING)


def test_aupro_of_a_profile_is_the_area_through_its_thresholds_for_every_resampling():
    maps, masks = tied(2, levels=500)
    thresholds = np.array([400, 300, 200, 180, 100, 0, -50], np.float32) / 2
    profile = aupro.pro_profile(maps, masks, thresholds)
    drawn = np.random.default_rng(0).integers(0, len(maps), (12, len(maps)))
    weights = np.array([np.bincount(row, minlength=len(maps)) for row in drawn])
    for limit in (Fraction(3, 10), Fraction(9, 10)):
        expected = []
        for row in drawn:
            points = slow_localization.pro_points(maps[row], masks[row], thresholds.tolist())
            points.append((Fraction(1), Fraction(1)))
            expected.append(slow_localization.area(points, limit))
        fast = aupro.aupro_of_profile(profile, weights, float(limit))
        np.testing.assert_allclose(fast, expected, rtol=ROUNDING)


@pytest.mark.parametrize("shape", [(12, 6, 5), (40, 3, 2)])
@pytest.mark.parametrize("levels", [1, 4, 1000])
def test_metrics_of_each_image_are_those_of_the_loops(shape, levels):
    maps, masks = tied(3, shape=shape, levels=levels)
    fast = image_separation(maps, masks)
    pixels = shape[1] * shape[2]
    for i in range(len(maps)):
        if 0 < masks[i].sum() < pixels:
            auroc = slow_metrics.auroc(masks[i].ravel().tolist(), maps[i].ravel().tolist())
            precision = slow_localization.average_precision(maps[i], masks[i])
            assert fast.auroc[i] == pytest.approx(auroc, rel=ROUNDING)
            assert fast.average_precision[i] == pytest.approx(precision, rel=ROUNDING)
        else:
            assert np.isnan([fast.auroc[i], fast.average_precision[i]]).all()
    for metric, slow in (
        (pointing_game, slow_localization.pointing),
        (relevance_rank_accuracy, slow_localization.rank_accuracy),
    ):
        expected = [slow(map_, mask) for map_, mask in zip(maps, masks, strict=True)]
        np.testing.assert_array_equal(metric(maps, masks), expected)


@pytest.mark.parametrize(
    ("name", "maps", "masks"), list(benchmark.recorded_cases()), ids=list(RECORDED)
)
def test_aupro_is_the_value_that_anomalib_gave(name, maps, masks):
    """The AUPRO up to a false-positive rate of 0.3, as recorded above.

    anomalib's definition is the same: regions by cv2.connectedComponents, 8-connected; the rate
    over the background of all images; a point for each different value; (0, 0) first; linear up
    to the limit. Only its float32 differs, which gives the tolerance. Two cases are not compared:
    without a region it is 0 there and NaN here, and a region that fills its image counts there as
    background.
    """
    assert aupro.aupro(maps, masks) == pytest.approx(RECORDED[name], abs=FLOAT32)


@pytest.mark.parametrize("seed", range(5))
def test_aupro_is_that_of_the_installed_anomalib(seed):
    """The same comparison, live, on other arrays; left out where anomalib is not installed."""
    pytest.importorskip("anomalib")
    for levels in (3, 1000):
        maps, masks = tied(seed, shape=(10, 9, 8), levels=levels, share=0.25)
        masks[2] = False  # was full
        expected = benchmark.anomalib(maps, masks)
        assert aupro.aupro(maps, masks) == pytest.approx(expected, abs=FLOAT32)
