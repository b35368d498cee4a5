"""The tables of faithfulness, as the figures read them."""

import pandas as pd
import pytest

from novelty_maps.faithfulness.files import (
    FAITHFULNESS,
    RANDOMIZATION,
    read_faithfulness,
    read_randomization,
)
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError

AREAS = ["method", "measure", "baseline", "area", "area_low", "area_high"]
STEPS = ["step", "layer", "method", "spearman", "ssim", "average_precision"]


@pytest.mark.parametrize(
    ("path", "read", "columns"),
    [(FAITHFULNESS, read_faithfulness, AREAS), (RANDOMIZATION, read_randomization, STEPS)],
)
def test_table_is_read_with_its_columns_and_refused_without(
    tmp_path, monkeypatch, path, read, columns
):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame([range(len(columns))], columns=columns)
    formats.write_table(path, table)
    pd.testing.assert_frame_equal(read(), table)
    for column in columns:
        formats.write_table(path, table.drop(columns=column))
        with pytest.raises(InputError, match=rf"{column}.*stages.localization.faithfulness"):
            read()
