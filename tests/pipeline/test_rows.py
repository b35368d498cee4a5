"""Rows on disk: the same as those of an array in memory, and read no sooner than asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from novelty_maps.pipeline.rows import Rows

ARRAY = np.random.default_rng(0).integers(0, 256, (30, 1, 3, 2), np.uint8)
ORDER = np.random.default_rng(1).permutation(30)[:20]
WHOLE = ARRAY[ORDER]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    np.save(tmp_path / "a.npy", ARRAY)
    return Rows(np.load(tmp_path / "a.npy", mmap_mode="r"), ORDER)


def test_rows_tell_their_shape_type_and_number(rows: Rows) -> None:
    assert (rows.shape, len(rows)) == (WHOLE.shape, 20)
    assert rows.dtype == np.dtype(np.uint8)


@pytest.mark.parametrize(
    "index",
    [
        0,
        np.int64(7),
        -1,
        slice(None),
        slice(3, 9),
        slice(None, None, 4),
        slice(18, 40),
        slice(0, 0),
        [5, 2, 2, 19],
        [],
        np.array([9, 0]),
        WHOLE[:, 0, 0, 0] < 128,
    ],
)
def test_indexing_reads_what_it_would_of_an_array(rows: Rows, index: Any) -> None:
    index = np.array(index, int) if isinstance(index, list) else index
    found = rows[index]
    np.testing.assert_array_equal(found, WHOLE[index])
    assert found.dtype == np.uint8
    found[...] = 0  # an array of its own
    np.testing.assert_array_equal(rows[index], WHOLE[index])


def test_row_that_there_is_not_is_an_error_and_ends_a_loop(rows: Rows) -> None:
    with pytest.raises(IndexError):
        rows[20]
    np.testing.assert_array_equal(np.stack(list(rows)), WHOLE)  # type: ignore[call-overload]


def test_some_of_the_rows_are_rows_again(rows: Rows) -> None:
    chosen = WHOLE[:, 0, 0, 0] < 128
    some = rows.only(chosen)
    assert isinstance(some, Rows)
    np.testing.assert_array_equal(some[:], WHOLE[chosen])
    np.testing.assert_array_equal(some.only([1, 0])[:], WHOLE[chosen][[1, 0]])


def test_numpy_takes_them_for_an_array(rows: Rows) -> None:
    np.testing.assert_array_equal(np.asarray(rows), WHOLE)
    assert np.asarray(rows, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="no array of them to share"):
        np.array(rows, copy=False)


@pytest.mark.parametrize(("room", "mapped"), [(WHOLE.nbytes, False), (WHOLE.nbytes - 1, True)])
def test_array_in_order_is_mapped_where_it_is_large_and_serves_as_a_tensor(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, room: int, mapped: bool
) -> None:
    monkeypatch.setattr("novelty_maps.pipeline.rows._BATCH", 6)
    monkeypatch.setattr("novelty_maps.pipeline.arrays._IN_MEMORY", room)
    found = rows.in_order()
    assert isinstance(found, np.memmap) == mapped
    assert torch.equal(torch.from_numpy(found), torch.from_numpy(WHOLE))
