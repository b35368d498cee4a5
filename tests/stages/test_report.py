"""Stage `report`: a page of what is there."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from oracles.parameters import write_params

from novelty_maps.page.files import REPORT
from novelty_maps.pipeline.errors import InputError
from stages import report

ABSENT = "There are no results of {} for this split."


@pytest.fixture
def params(agreement_workspace):
    return write_params(Path.cwd())


def test_page_of_agreement_alone_says_what_is_absent(params):
    report.main(params)
    text = REPORT.read_text()
    assert ABSENT.format("agreement") not in text
    assert ABSENT.format("localization") in text
    assert ABSENT.format("representation") in text


def test_table_of_another_split_is_left_out(params):
    table = pd.read_csv("metrics/per_image.csv")
    table["novel"] = 1 - table["novel"]
    table.to_csv("metrics/per_image.csv", index=False)
    report.main(params)
    assert ABSENT.format("agreement") in REPORT.read_text()


def test_missing_map_is_an_error_that_leaves_the_page(params):
    report.main(params)
    before = REPORT.read_bytes()
    shutil.move("data/maps/saliency.npy", "saliency.npy")
    with pytest.raises(InputError, match=r"saliency.npy does not exist"):
        report.main(params)
    assert REPORT.read_bytes() == before
