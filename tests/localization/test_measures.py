"""Localization metrics: values worked out by hand, scikit-learn's, and what must always hold."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

from novelty_maps.localization import measures
from novelty_maps.localization.measures import (
    blur,
    image_separation,
    pointing_game,
    pooled_separation,
    relevance_rank_accuracy,
)
from novelty_maps.maps.ranking import top_pixels
from novelty_maps.pipeline.errors import InputError

MASKED = [
    pooled_separation,
    image_separation,
    pointing_game,
    relevance_rank_accuracy,
]
MAP = np.array([[[9, 1, 2], [3, 8, 8], [0, 0, 0]]], np.float32)


def mask_at(*places):
    masks = np.zeros(MAP.shape, bool)
    masks.reshape(-1)[list(places)] = True
    return masks


def random_set(seed, shape=(40, 6, 7), levels=5):
    """Maps full of ties and masks of many sizes, of which number 3 is empty, number 5 full."""
    generator = np.random.default_rng(seed)
    maps = generator.integers(-levels, levels, shape).astype(np.float32) / 4
    masks = generator.random(shape) < generator.uniform(0.2, 0.8, (shape[0], 1, 1))
    masks[3], masks[5] = False, True
    return maps, masks


def test_separation_by_hand():
    masks = mask_at(0, 4, 1)  # values 9, 8 (tied with a normal pixel) and 1
    pairs = (6 + 5.5 + 3) / 18
    precision = (1 + 2 / 3 + 3 / 6) / 3
    image = image_separation(MAP, masks)
    assert image.auroc.tolist() == pytest.approx([pairs])
    assert image.average_precision.tolist() == pytest.approx([precision])
    assert pooled_separation(MAP, masks) == pytest.approx((pairs, precision))


@pytest.mark.parametrize(
    ("levels", "dtype"), [(1, np.float32), (5, np.float32), (10_000, np.float32), (9, np.float64)]
)
def test_separation_is_that_of_scikit_learn(levels, dtype):
    maps, masks = random_set(levels, shape=(16, 6, 7), levels=levels)
    maps = maps.astype(dtype)
    image = image_separation(maps, masks)
    for i, (map_, mask) in enumerate(zip(maps, masks, strict=True)):
        if 0 < mask.sum() < mask.size:
            auroc = roc_auc_score(mask.ravel(), map_.ravel())
            precision = average_precision_score(mask.ravel(), map_.ravel())
            assert image.auroc[i] == pytest.approx(auroc, rel=1e-12)
            assert image.average_precision[i] == pytest.approx(precision, rel=1e-12)
    assert image.auroc.dtype == image.average_precision.dtype == np.float64
    pooled = pooled_separation(maps, masks)
    assert pooled.auroc == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()), rel=1e-12)
    precision = average_precision_score(masks.ravel(), maps.ravel())
    assert pooled.average_precision == pytest.approx(precision, rel=1e-12)


def test_empty_and_full_masks_are_undefined_and_leave_the_others():
    maps, masks = random_set(0)
    undefined = [3, 5]
    for metric in image_separation(maps, masks):
        assert np.flatnonzero(np.isnan(metric)).tolist() == undefined
    for metric in (pointing_game, relevance_rank_accuracy):
        assert np.flatnonzero(np.isnan(metric(maps, masks))).tolist() == [3]
        assert metric(maps, masks)[5] == 1
    for same in (False, True):
        assert np.isnan(pooled_separation(maps, np.full(maps.shape, same))).all()


def test_one_novel_or_one_normal_pixel_is_enough():
    one = mask_at(4)  # its 8 is below one normal pixel and tied with another
    alone, rest = image_separation(MAP, one), image_separation(MAP, ~one)
    assert alone.auroc == pytest.approx([6.5 / 8])
    assert alone.average_precision == pytest.approx([1 / 3])
    assert rest.auroc == pytest.approx([1.5 / 8])
    precision = [1, 2 / 3, 3 / 4, 4 / 5, 5 / 6, 8 / 9, 8 / 9, 8 / 9]
    assert rest.average_precision == pytest.approx([np.mean(precision)])


def test_no_images_give_no_values():
    maps, masks = np.zeros((0, 4, 4), np.float32), np.zeros((0, 4, 4), bool)
    assert image_separation(maps, masks).auroc.shape == (0,)
    assert pointing_game(maps, masks).shape == (0,)
    assert relevance_rank_accuracy(maps, masks).shape == (0,)
    assert np.isnan(pooled_separation(maps, masks)).all()


def test_results_do_not_depend_on_the_chunk(monkeypatch):
    maps, masks = random_set(1)
    whole = [np.asarray(metric(maps, masks)) for metric in MASKED]
    monkeypatch.setattr(measures, "_CHUNK", 100)  # 100 // 42 = 2 images at a time
    for metric, expected in zip(MASKED, whole, strict=True):
        np.testing.assert_array_equal(metric(maps, masks), expected)


@pytest.mark.parametrize(
    ("shape", "chunk", "sizes"),
    [
        ((5, 2, 3), 13, [2, 2, 1]),
        ((3, 2, 3), 5, [1, 1, 1]),
        ((3, 3, 2), 12, [2, 1]),
        ((4, 1, 1), 3, [3, 1]),
        ((2, 0, 3), 12, [2]),
        ((0, 2, 3), 12, []),
    ],
)
def test_chunks_cover_the_images_once_and_are_full_but_for_the_last(
    shape, chunk, sizes, monkeypatch
):
    monkeypatch.setattr(measures, "_CHUNK", chunk)
    found = [range(len(np.empty(shape)))[each] for each in measures.image_chunks(np.empty(shape))]
    assert [len(each) for each in found] == sizes
    assert [image for each in found for image in each] == list(range(shape[0]))


@pytest.mark.parametrize("metric", MASKED)
def test_strictly_monotone_transforms_change_nothing(metric):
    maps, masks = random_set(2)
    for transformed in (np.exp(maps), 7 * maps - 3, maps.astype(np.float64) ** 3):
        np.testing.assert_array_equal(metric(transformed, masks), metric(maps, masks))


@pytest.mark.parametrize("metric", MASKED)
def test_zeros_of_both_signs_are_tied(metric):
    _, masks = random_set(3)
    signs = np.where(np.random.default_rng(0).random(masks.shape) < 0.5, -0.0, 0.0)
    signed, plain = (values.astype(np.float32) for values in (signs, np.zeros(masks.shape)))
    np.testing.assert_array_equal(metric(signed, masks), metric(plain, masks))


def test_separation_of_the_opposite_map_is_the_opposite():
    maps, masks = random_set(4)
    forth, back = (image_separation(m, masks).auroc for m in (maps, -maps))
    np.testing.assert_allclose(forth + back, np.where(np.isnan(forth), np.nan, 1), rtol=1e-12)


@pytest.mark.parametrize(
    ("places", "hit"), [((0,), 1), ((4, 5, 8), 0), ((), np.nan), (tuple(range(9)), 1)]
)
def test_pointing_game_is_whether_the_highest_pixel_is_inside(places, hit):
    np.testing.assert_array_equal(pointing_game(MAP, mask_at(*places)), [hit])


def test_pointing_game_counts_ties_by_their_share():
    maps = np.minimum(MAP, 8)  # pixels 0, 4 and 5 are highest
    assert pointing_game(maps, mask_at(0, 1)).tolist() == [1 / 3]
    assert pointing_game(maps, mask_at(0, 5, 7)).tolist() == [2 / 3]


def test_rank_accuracy_by_hand():
    assert relevance_rank_accuracy(MAP, mask_at(0, 1)).tolist() == [0.5]
    # Of the tied pixels 4 and 5 the lower index is among the top two.
    assert relevance_rank_accuracy(MAP, mask_at(0, 4)).tolist() == [1]
    assert relevance_rank_accuracy(MAP, mask_at(0, 5)).tolist() == [0.5]


@pytest.mark.parametrize("levels", [1, 5, 10_000])
def test_rank_accuracy_chooses_the_top_pixels_of_agreement(levels):
    maps, masks = random_set(levels, levels=levels)
    accuracy = relevance_rank_accuracy(maps, masks)
    for map_, mask, value in zip(maps, masks, accuracy, strict=True):
        if mask.any():
            top = top_pixels(map_[None], int(mask.sum()))[0]
            assert value == mask.ravel()[top].mean()


def test_blur_is_the_gaussian_of_each_map_alone():
    maps, _ = random_set(0)
    blurred = blur(maps, 1.5)
    assert blurred.dtype == np.float32
    for map_, one in zip(maps, blurred, strict=True):
        expected = ndimage.gaussian_filter(map_.astype(np.float64), 1.5, mode="nearest")
        # One rounding to float32 after each axis, of values of at most 2.
        np.testing.assert_allclose(one, expected, atol=4 * 2.0**-24)
    assert blur(maps.astype(np.float64), 1.5).dtype == np.float32


def test_blur_keeps_constant_maps_and_spreads_a_point_evenly():
    constant = np.full((2, 5, 4), 0.3, np.float32)
    np.testing.assert_allclose(blur(constant, 3), constant, rtol=2.0**-23)
    point = np.zeros((1, 21, 21), np.float32)
    point[0, 10, 10] = 1
    spread = blur(point, 1)[0]
    assert spread.sum() == pytest.approx(1, abs=1e-6)
    # One rounding to float32 after each axis, in both arrays.
    np.testing.assert_allclose(spread, spread.T, rtol=4 * 2.0**-24)
    np.testing.assert_allclose(spread, spread[::-1, ::-1], rtol=4 * 2.0**-24)
    # The ratio of neighbours is that of the bell curve.
    assert spread[10, 11] / spread[10, 10] == pytest.approx(np.exp(-0.5), rel=1e-6)


def test_no_blur_leaves_the_maps_as_they_are():
    maps, _ = random_set(0)
    np.testing.assert_array_equal(blur(maps, 0), maps)
    assert blur(maps.astype(np.float64), 0).dtype == np.float32


@pytest.mark.parametrize("sigma", [-1, np.nan, np.inf])
def test_impossible_blur_is_an_input_error(sigma):
    with pytest.raises(InputError, match=f"sigma is {sigma}"):
        blur(MAP, sigma)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_map_that_is_not_finite_is_an_input_error_that_names_its_index(value):
    maps, masks = random_set(0)
    maps[7, 1, 2] = maps[9, 0, 0] = value
    for metric in MASKED:
        with pytest.raises(InputError, match=r"^map 7 holds NaN or infinity.*$"):
            metric(maps, masks)
    with pytest.raises(InputError, match="map 7 holds NaN or infinity"):
        blur(maps, 1)


@pytest.mark.parametrize("metric", MASKED)
def test_maps_and_masks_that_do_not_fit_are_refused(metric):
    maps, masks = random_set(0)
    with pytest.raises(InputError, match=r"masks have the shape \(1, 6, 7\)"):
        metric(maps, masks[:1])
    with pytest.raises(InputError, match=r"shape \(6, 7\)"):
        metric(maps[0], masks[0])
    with pytest.raises(TypeError, match="int64"):
        metric(maps.astype(np.int64), masks)
    with pytest.raises(TypeError, match="uint8"):
        metric(maps, masks.astype(np.uint8))


def test_inputs_are_left_as_they_were():
    maps, masks = random_set(0)
    before = maps.tobytes(), masks.tobytes()
    for metric in MASKED:
        metric(maps, masks)
    blur(maps, 1)
    assert (maps.tobytes(), masks.tobytes()) == before
