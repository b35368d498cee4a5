"""Novelties that the data set itself has masks of: which are taken, and what stands before them."""

import numpy as np
import pandas as pd
import pytest
from oracles.planted_digits import FOREIGN, NORMAL, ROWS, plant, with_masks

from novelty_maps.pipeline.errors import InputError
from novelty_maps.planting.ground_truth import GROUND_TRUTH, require_masks

REMEDY = "remove it from plant.kinds or take a data set with masks$"


def test_novel_images_with_a_mask_follow_the_planted_ones():
    planted = plant(count=5)
    both = with_masks(planted, mask_rows=[-1, 2, 1, 0, -1])  # mask 1 is empty
    assert len(both.before) == len(both.after) == len(both.mask) == len(both.table) == 7
    pd.testing.assert_frame_equal(both.table[:5], planted.table)
    added = both.table[5:]
    assert added["kind"].tolist() == ["class 1", "class 3"]
    assert added["row"].tolist() == [5, 6]
    assert added["mask_pixels"].tolist() == both.mask[5:].sum(axis=(1, 2)).tolist() == [1, 12]
    assert (added["paired"] == 0).all()
    assert added[["size", "intensity"]].isna().all(axis=None)
    np.testing.assert_array_equal(both.after[5:], FOREIGN[[1, 3]])
    np.testing.assert_array_equal(both.before[5:], NORMAL[added["base_row"] // 3])


def test_ground_truth_without_masks_is_an_error():
    with pytest.raises(
        InputError, match=f"^plant.kinds has ground_truth, but no novel .*: {REMEDY}"
    ):
        with_masks(plant(count=5), mask_rows=[-1, 1])


def test_class_that_is_named_like_a_planted_kind_is_an_error():
    planted = plant(count=5)
    renamed = planted._replace(table=planted.table.assign(kind="class 0"))
    remedy = "remove it from plant.kinds or rename the class's folders$"
    with pytest.raises(InputError, match=f"^class 0 is a kind .* class of the data set: {remedy}"):
        with_masks(renamed, mask_rows=[0])


def test_own_masks_are_asked_of_a_data_set_that_has_some():
    require_masks(["disk"], False)
    require_masks(["disk", GROUND_TRUTH], True)
    with pytest.raises(
        InputError, match=f"has ground_truth, but the data set has no masks: {REMEDY}"
    ):
        require_masks(["disk", GROUND_TRUTH], False)


@pytest.mark.parametrize(("shown", "different"), [(2, 2), (3, 3), (8, 3)])
def test_images_before_repeat_only_if_there_are_too_few(shown, different):
    both = with_masks(plant(count=5), mask_rows=[0] * shown, normal=NORMAL[:3])
    assert both.table["base_row"][5:].nunique() == different


def test_own_defect_has_the_group_of_its_own_image_and_beside_it_that_of_the_image_before():
    rows = ROWS.assign(group=ROWS.index // 3)
    planted = plant(rows=rows, count=5)
    groups = pd.Series([10, 11, 12, 13, 14], index=[3, 5, 8, 9, 20])  # of rows of the test part
    both = with_masks(planted, mask_rows=[-1, 2, 1, 0, -1], rows=rows, groups=groups).table
    base = (both["base_row"] // 3 // 3).tolist()
    assert both["group"].tolist() == [*base[:5], 11, 13]
    assert both["base_group"].tolist() == base
    assert both["group"].dtype == both["base_group"].dtype == np.int64
    assert "base_group" not in planted.table
