"""Boxes of real pixels: as columns of a table and as masks."""

import numpy as np
import pandas as pd

from novelty_maps.pipeline.boxes import box_columns, boxes_of, real_pixels, window

BOXES = np.array([[0, 2, 6, 4], [1, 0, 5, 6]])


def test_boxes_are_columns_of_a_table_and_back() -> None:
    table = pd.DataFrame({"row": [0, 1], **box_columns(BOXES), **box_columns(BOXES + 1, "own_")})
    np.testing.assert_array_equal(boxes_of(table), BOXES)
    np.testing.assert_array_equal(boxes_of(table, "own_"), BOXES + 1)


def test_without_boxes_there_are_no_columns_and_nothing_is_padding() -> None:
    table = pd.DataFrame({"row": [0], **box_columns(None)})
    assert list(table) == ["row"]
    assert boxes_of(table) is None
    assert real_pixels(None, (6, 6)) is None


def test_real_pixels_are_those_of_the_window() -> None:
    real = real_pixels(BOXES, (6, 6))
    for found, box in zip(real, BOXES, strict=True):
        expected = np.zeros((6, 6), bool)
        expected[window(box)] = True
        np.testing.assert_array_equal(found, expected)
    assert real.sum(axis=(1, 2)).tolist() == [12, 24]
