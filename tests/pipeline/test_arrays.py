"""Arrays are read as they were written, or refused; none is executed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.damaged_files import RunsOnLoad, bare_pickle, broken_zip, empty, missing, no_npy

from novelty_maps.pipeline import arrays
from novelty_maps.pipeline.errors import InputError


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_array_is_read_as_it_was_written(tmp_path: Path, dtype: type[np.generic]) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    arrays.write_array(tmp_path / "a.npy", array)
    read = arrays.read_array(tmp_path / "a.npy", shape=(2, 3, 4), dtype=dtype, made_by="maps")
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype


def test_read_array_is_on_disk_and_cannot_be_written(tmp_path: Path) -> None:
    arrays.write_array(tmp_path / "a.npy", np.zeros((2, 3)))
    read = arrays.read_array(tmp_path / "a.npy", shape=(None, 3), dtype=np.float64, made_by="maps")
    assert isinstance(read, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        read[0, 0] = 1


@pytest.mark.parametrize("sizes", [[5], [2, 3], [1, 1, 1, 1, 1], [5, 0], [0, 5]])
def test_streamed_array_has_the_bytes_of_a_saved_one(tmp_path: Path, sizes: list[int]) -> None:
    array = np.random.default_rng(0).random((5, 3, 2), np.float32)
    with arrays.stream_array(tmp_path / "a.npy", array.shape, np.float32) as stream:
        for batch in np.split(array, np.cumsum(sizes)[:-1]):
            stream.append(batch)
    np.save(tmp_path / "b.npy", array)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_streamed_batch_may_lie_anyhow_in_memory(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    with arrays.stream_array(tmp_path / "a.npy", array.shape, np.float32) as stream:
        stream.append(np.asfortranarray(array[:2]))
        stream.append(array[::-1][:2][::-1])
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (np.zeros((2, 3), np.float32), r"2 rows were written, 3 announced"),
        (np.zeros((4, 3), np.float32), r"4 rows were written, 3 announced"),
        (np.zeros((3, 4), np.float32), r"\(4,\) does not fit an array of float32 \(3,\)"),
        (np.zeros((3, 3, 1), np.float32), r"does not fit an array of float32 \(3,\)"),
        (np.zeros((3, 3), np.float64), r"float64 \(3,\) does not fit an array of float32"),
    ],
)
def test_streamed_batch_that_does_not_fit_is_an_error_and_nothing_is_written(
    tmp_path: Path, batch: Any, said: str
) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"old")
    with (
        pytest.raises(ValueError, match=said),
        arrays.stream_array(path, (3, 3), np.float32) as stream,
    ):
        stream.append(batch)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"a.npy"}


def truncated(path: Path) -> None:
    np.save(path, np.zeros((10, 10), np.float32))
    path.write_bytes(path.read_bytes()[:-1])


def truncated_in_the_header(path: Path) -> None:
    np.save(path, np.zeros((10, 10), np.float32))
    path.write_bytes(path.read_bytes()[:40])


def zip_of_arrays(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.zeros((10, 10), np.float32))


def too_many_axes(path: Path) -> None:
    np.save(path, np.zeros((10, 10, 1), np.float32))


def double_precision(path: Path) -> None:
    np.save(path, np.zeros((10, 10), np.float64))


def other_byte_order(path: Path) -> None:
    np.save(path, np.zeros((10, 10), ">f4"))


def pickled_objects(path: Path) -> None:
    content = np.array([[RunsOnLoad(path.parent / "marker")]], dtype=object)
    np.save(path, content, allow_pickle=True)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (missing, "does not exist"),
        (truncated, "is truncated or not a .npy file"),
        (truncated_in_the_header, "is truncated or not a .npy file"),
        (no_npy, "is truncated or not a .npy file"),
        (empty, "is truncated or not a .npy file"),
        (zip_of_arrays, "is an archive, not a .npy file"),
        (broken_zip, "is truncated or not a .npy file"),
        (too_many_axes, "holds float32 10×10×1, not float32 any×10"),
        (double_precision, "holds float64 10×10, not float32 any×10"),
        (other_byte_order, "holds >f4 10×10, not float32 any×10"),
        (pickled_objects, "is truncated or not a .npy file"),
        (bare_pickle, "is truncated or not a .npy file"),
    ],
)
def test_unusable_array_is_an_error_that_names_file_and_stage(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "a.npy"
    damage(path)
    with pytest.raises(InputError) as caught:
        arrays.read_array(path, shape=(None, 10), dtype=np.float32, made_by="maps")
    assert str(caught.value).startswith(f"{path} {said}")
    assert str(caught.value).endswith("make it again with `python -m stages.maps`")
    assert not (tmp_path / "marker").exists()


def test_marker_shows_that_code_was_executed(tmp_path: Path) -> None:
    # Without this the tests that look for the marker could not fail.
    pickled_objects(tmp_path / "a.npy")
    np.load(tmp_path / "a.npy", allow_pickle=True)
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize("rows", [0, 4, 6])
def test_wrong_number_of_rows_is_an_error_that_names_both_shapes(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "a.npy"
    arrays.write_array(path, np.zeros((rows, 2)))
    with pytest.raises(InputError) as caught:
        arrays.read_array(path, shape=(5, 2), dtype=np.float64, made_by="maps")
    assert str(caught.value).startswith(f"{path} holds float64 {rows}×2, not float64 5×2")


def test_any_axes_may_follow_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for shape in ((3,), (3, 2), (3, 2, 1)):
        arrays.write_array(path, np.zeros(shape))
        read = arrays.read_array(
            path, shape=(3,), dtype=np.float64, made_by="maps", further_axes=True
        )
        assert read.shape == shape
    with pytest.raises(InputError, match="holds float64 3×2×1, not float64 2×any×any"):
        arrays.read_array(path, shape=(2,), dtype=np.float64, made_by="maps", further_axes=True)
