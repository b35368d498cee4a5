"""The files of planted images: read as they were written, and refused if they do not fit."""

import numpy as np
import pandas as pd
import pytest
from oracles.planted_digits import plant, with_masks

from novelty_maps.pipeline.errors import InputError
from novelty_maps.planting.planted import load_planted, planted_path, write_planted


def test_what_is_written_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planted = with_masks(plant(count=5), mask_rows=[0])
    write_planted("test", planted)
    found = load_planted("test")
    for name in ("before", "after", "mask"):
        np.testing.assert_array_equal(getattr(found, name), getattr(planted, name))
    pd.testing.assert_frame_equal(found.table, planted.table)
    assert isinstance(found.after, np.memmap)


def test_files_that_do_not_belong_together_are_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planted = plant(count=5)
    write_planted("test", planted._replace(table=planted.table[:4]))
    with pytest.raises(InputError, match="has not the 5 rows"):
        load_planted("test")
    write_planted("test", planted._replace(after=planted.after[:4]))
    with pytest.raises(InputError, match=r"after.npy holds uint8 4×.*stages.localization.plant`"):
        load_planted("test")


@pytest.mark.parametrize("name", ["before.npy", "after.npy", "mask.npy", "csv"])
def test_missing_file_is_an_error_that_names_its_maker(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_planted("test", plant(count=5))
    path = planted_path("test", name)
    path.unlink()
    with pytest.raises(InputError, match=rf"^{path} .*`python -m stages\.localization\.plant`$"):
        load_planted("test")


@pytest.mark.parametrize("column", ["row", "base_row", "label", "mask_pixels", "paired"])
def test_what_counts_or_points_must_be_whole(tmp_path, monkeypatch, column):
    monkeypatch.chdir(tmp_path)
    planted = plant(count=5)
    table = planted.table.assign(**{column: planted.table[column] + 0.5})
    write_planted("test", planted._replace(table=table))
    with pytest.raises(InputError, match=f"other values than integers in {column}: "):
        load_planted("test")
