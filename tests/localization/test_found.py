"""Padding leaves every measure as it is of the images without it."""

import numpy as np
import pandas as pd
import pytest
from oracles.padded_maps import SIDE, padded_maps
from oracles.slow_localization import aupro as slow_aupro
from sklearn.metrics import average_precision_score, roc_auc_score

from novelty_maps.localization import measures
from novelty_maps.localization.aupro import aupro, aupro_of_profile
from novelty_maps.localization.found import best_blur, find
from novelty_maps.localization.measures import (
    blur,
    image_separation,
    pointing_game,
    pooled_separation,
    relevance_rank_accuracy,
)
from novelty_maps.localization.summary import threshold_rates
from novelty_maps.localization.tables import localization_table, measure_map
from novelty_maps.pipeline.boxes import real_pixels
from novelty_maps.planting.planted import PairBoxes

SEEDS = range(4)
BOX = (2, 1, 12, 8)
CUT = slice(None), slice(2, 12), slice(1, 8)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_images_measures_are_those_of_what_its_box_holds(seed):
    padded = padded_maps(seed)
    real = real_pixels(padded.boxes, (SIDE, SIDE))
    whole = image_separation(padded.maps, padded.masks, real)
    hits = pointing_game(padded.maps, padded.masks, real)
    accuracy = relevance_rank_accuracy(padded.maps, padded.masks, real)
    for row, (map_, mask) in enumerate(zip(padded.own_maps, padded.own_masks, strict=True)):
        own = map_[None], mask[None]
        assert whole.auroc[row] == pytest.approx(roc_auc_score(mask.ravel(), map_.ravel()))
        precision = average_precision_score(mask.ravel(), map_.ravel())
        assert whole.average_precision[row] == pytest.approx(precision)
        assert hits[row] == pointing_game(*own)[0]
        assert accuracy[row] == relevance_rank_accuracy(*own)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_pooled_measures_are_those_of_the_real_pixels_alone(seed):
    padded = padded_maps(seed)
    real = real_pixels(padded.boxes, (SIDE, SIDE))
    pooled = pooled_separation(padded.maps, padded.masks, real)
    values = np.concatenate([map_.ravel() for map_ in padded.own_maps])
    novel = np.concatenate([mask.ravel() for mask in padded.own_masks])
    assert pooled.auroc == pytest.approx(roc_auc_score(novel, values))
    assert pooled.average_precision == pytest.approx(average_precision_score(novel, values))
    # Padding as normal pixels of the lowest value would make every map look better.
    assert pooled_separation(padded.maps, padded.masks).auroc > pooled.auroc


@pytest.mark.parametrize("seed", SEEDS)
def test_aupro_is_that_of_the_images_without_padding(seed):
    padded = padded_maps(seed, box=BOX)
    real = real_pixels(padded.boxes, (SIDE, SIDE))
    for limit in (0.05, 0.3, 1.0):
        found = aupro(padded.maps, padded.masks, limit, real)
        own = np.stack(padded.own_maps), np.stack(padded.own_masks)
        assert found == aupro(*own, limit)
        assert found == pytest.approx(slow_aupro(*own, limit))


@pytest.mark.parametrize("sigma", [0, 0.5, 2])
def test_blurred_within_its_box_a_map_is_what_it_is_without_padding(sigma):
    padded = padded_maps(0)
    blurred = blur(padded.maps, sigma, padded.boxes)
    real = real_pixels(padded.boxes, (SIDE, SIDE))
    assert (blurred[~real] == 0).all()
    for row, map_ in enumerate(padded.own_maps):
        expected = blur(map_[None], sigma)[0]
        np.testing.assert_array_equal(blurred[row][real[row]], expected.ravel())


def pair(seed):
    before, after = padded_maps(seed, box=BOX), padded_maps(seed + 100, box=BOX)
    return before, after, PairBoxes(before.boxes, after.boxes)


@pytest.mark.parametrize("sigma", [0, 1])
def test_table_and_thresholds_are_those_of_the_images_without_padding(sigma):
    before, after, boxes = pair(0)
    table = pd.DataFrame({"row": range(6), "kind": list("aabbcc"), "size": 0.2, "intensity": 1.0})
    table = table.assign(paired=1, base_row=table["row"])
    padded = find(before.maps, after.maps, after.masks, sigma=sigma, boxes=boxes)
    cut = find(before.maps[CUT], after.maps[CUT], after.masks[CUT], sigma=sigma)
    pd.testing.assert_frame_equal(padded.images, cut.images)
    tables = [
        localization_table(
            dict.fromkeys(
                ["reconstruction_error", "absolute_error", "uniform"],
                measure_map(found, masks, table),
            ),
            table,
            controls=["uniform"],
            samples=20,
            generator=np.random.default_rng(0),
        )
        for found, masks in ((padded, after.masks), (cut, after.masks[CUT]))
    ]
    pd.testing.assert_frame_equal(*tables)
    weights = np.ones((1, 12))
    assert aupro_of_profile(padded.profile, weights) == aupro_of_profile(cut.profile, weights)
    normal = padded_maps(7, count=9, box=BOX)
    rates = [
        threshold_rates(found, maps, masks, false_positive_rate=0.1, boxes=boxes)
        for found, maps, masks, boxes in (
            (padded, normal.maps, after.masks, normal.boxes),
            (cut, normal.maps[CUT], after.masks[CUT], None),
        )
    ]
    assert rates[0] == rates[1]
    blurs = [0, 1, 2]
    assert best_blur(after.maps, after.masks, blurs, after.boxes) == best_blur(
        after.maps[CUT], after.masks[CUT], blurs
    )


def test_boxes_of_the_whole_image_change_nothing():
    before, after = padded_maps(0), padded_maps(1)
    whole = np.tile([0, 0, SIDE, SIDE], (6, 1))
    found = [
        find(before.maps, after.maps, after.masks, sigma=1, boxes=boxes)
        for boxes in (None, PairBoxes(whole, whole))
    ]
    for a, b in zip(found[0].profile, found[1].profile, strict=True):
        np.testing.assert_array_equal(a, b)
    pd.testing.assert_frame_equal(found[0].images, found[1].images)


def test_image_before_may_have_another_box_than_the_one_after():
    before, after = padded_maps(3), padded_maps(4)
    found = find(
        before.maps, after.maps, after.masks, sigma=0, boxes=PairBoxes(before.boxes, after.boxes)
    )
    np.testing.assert_array_equal(
        found.profile.normal_pixels,
        [
            *(
                map_.size - mask.sum()
                for map_, mask in zip(after.own_maps, after.own_masks, strict=True)
            ),
            *(map_.size for map_ in before.own_maps),
        ],
    )


def test_maps_of_files_are_read_a_few_images_at_a_time(monkeypatch):
    before, after = padded_maps(0), padded_maps(1)
    boxes = PairBoxes(before.boxes, after.boxes)
    whole = find(before.maps, after.maps, after.masks, sigma=1, boxes=boxes)
    monkeypatch.setattr(measures, "_CHUNK", 2 * SIDE**2)
    read = []

    class File(np.ndarray):
        def __getitem__(self, rows):
            read.append(len(np.asarray(self)[rows]))
            return np.asarray(self)[rows]

    few = find(before.maps.view(File), after.maps.view(File), after.masks, sigma=1, boxes=boxes)
    assert read
    assert max(read) == 2
    np.testing.assert_array_equal(few.maps, whole.maps)
