"""What is noted of a data set that has been read and split."""

import json

import numpy as np
import pytest
from oracles.image_folders import SIZE, mvtec

from novelty_maps.images.folders import load_folder
from novelty_maps.images.listing import list_images
from novelty_maps.images.splits import split_table
from novelty_maps.images.survey import read_survey, survey_of
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import SURVEY


@pytest.fixture
def bottle(tmp_path):
    return load_folder(list_images(str(mvtec(tmp_path / "bottle"))), SIZE)


def surveyed(dataset, *normal, protocol="one_class"):
    table = split_table(
        dataset.labels,
        dataset.official_part,
        protocol=protocol,
        normal_classes=normal,
        validation_fraction=0.1,
        test_fraction=0.3,
        seed=0,
    )
    return survey_of(dataset, table, name="folder")


def test_images_of_each_part_are_counted(bottle):
    assert surveyed(bottle, 0) == {
        "name": "folder",
        "channels": 3,
        "normal": {"train": 36, "validation": 4, "test": 3},
        "novel": {"train": 0, "validation": 0, "test": 6},
        "masked": ["broken", "contamination"],
    }


def test_only_classes_with_a_mask_count_as_masked(bottle):
    some = bottle._replace(mask_rows=np.where(bottle.labels == 1, -1, bottle.mask_rows))
    assert surveyed(some, 0)["masked"] == ["contamination"]
    bare = bottle._replace(masks=bottle.masks[:0], mask_rows=np.full(len(bottle.labels), -1))
    assert surveyed(bare, 0)["masked"] == []


def test_survey_is_read_as_it_was_written_and_only_of_its_own_data_set(
    bottle, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"data/survey\.json does not exist: .* stages\.survey"):
        read_survey("folder")
    SURVEY.parent.mkdir()
    values = surveyed(bottle, 0)
    SURVEY.write_text(json.dumps(values))
    assert read_survey("folder")._asdict() == read_survey()._asdict() == values
    with pytest.raises(InputError, match=r"is of folder, but data\.name is mnist: .*survey"):
        read_survey("mnist")
