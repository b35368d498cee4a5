"""What is read back of a network's outputs, of the scores and of the table."""

import numpy as np
import pandas as pd
import pytest
from oracles.detection_tables import TABLE

from novelty_maps.pipeline import formats
from novelty_maps.pipeline.arrays import write_array
from novelty_maps.pipeline.errors import InputError
from novelty_maps.representation import files

COUNTS = {"train": 2, "validation": 3, "test": 4}


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def keep(name, part, output, array):
    write_array(files.embedding_path(name, part, output), array)


def kept():
    for part in COUNTS:
        for output, width in (("z", 5), ("logits", 2)):
            keep("nominal", part, output, np.ones((COUNTS[part], width), np.float32))


def test_outputs_are_those_that_were_kept_of_each_part():
    kept()
    keep("nominal", "train", "projection", np.zeros((2, 4, 3), np.float32))
    keep("nominal_too", "test", "h", np.zeros((4, 2), np.float32))
    found = files.read_outputs("nominal", COUNTS)
    assert {part: sorted(outputs) for part, outputs in found.items()} == {
        "train": ["logits", "projection", "z"],
        "validation": ["logits", "z"],
        "test": ["logits", "z"],
    }
    assert found["test"]["z"].shape == (4, 5)
    assert found["train"]["projection"].shape == (2, 4, 3)


def test_origin_of_the_logits_is_read_where_it_was_kept():
    kept()
    assert "head" not in files.read_outputs("nominal", COUNTS)
    write_array(files.origin_path("nominal"), np.arange(5.0))
    found = files.read_outputs("nominal", COUNTS)
    np.testing.assert_array_equal(found["head"]["origin"], np.arange(5.0))
    write_array(files.origin_path("nominal"), np.arange(4.0))
    with pytest.raises(InputError, match=r"head\.origin\.npy holds float64 4, not float64 5: make"):
        files.read_outputs("nominal", COUNTS)


def test_parts_that_are_not_asked_for_may_be_missing():
    kept()
    files.embedding_path("nominal", "train", "z").unlink()
    without = {part: COUNTS[part] for part in ("validation", "test")}
    assert set(files.read_outputs("nominal", without)) == set(without)


@pytest.mark.parametrize("part", COUNTS)
def test_missing_representation_names_the_file_and_the_remedy(part):
    kept()
    files.embedding_path("nominal", part, "z").unlink()
    with pytest.raises(InputError, match=rf"nominal\.{part}\.z\.npy does not exist: make it with"):
        files.read_outputs("nominal", COUNTS)


@pytest.mark.parametrize("array", [np.ones((5, 5), np.float32), np.ones((4, 5))])
def test_outputs_of_other_images_or_of_another_type_are_refused(array):
    kept()
    keep("nominal", "test", "z", array)
    with pytest.raises(InputError, match=r"python -m stages\.representation\.embed"):
        files.read_outputs("nominal", COUNTS)


def test_scores_and_table_are_read_as_they_were_written():
    formats.write_table(files.DETECTION, TABLE)
    scores = pd.DataFrame({"row": [3], "label": [7], "novel": [1], "nominal/energy": [0.5]})
    formats.write_table(files.SCORES, scores)
    pd.testing.assert_frame_equal(files.read_scores(), scores)
    read = files.read_detection()
    assert list(read["labels"]) == list(TABLE["labels"])  # of which some are numbers
    assert list(read["novel_class"]) == list(TABLE["novel_class"])
    np.testing.assert_allclose(read["auroc_low"], TABLE["auroc_low"])


def test_scores_that_are_missing_name_the_remedy():
    with pytest.raises(
        InputError,
        match=r"scores\.csv does not exist: .*python -m stages\.representation\.metrics`",
    ):
        files.read_scores()


@pytest.mark.parametrize("column", ["row", "label", "novel"])
def test_scores_without_a_column_name_it(column):
    scores = pd.DataFrame({"row": [3], "label": [7], "novel": [1], "nominal/energy": [0.5]})
    formats.write_table(files.SCORES, scores.drop(columns=column))
    with pytest.raises(InputError, match=f"lacks the column {column}: "):
        files.read_scores()


@pytest.mark.parametrize("column", ["settings", "auroc_high", "oracle"])
def test_table_without_a_column_names_it_and_the_remedy(column):
    formats.write_table(files.DETECTION, TABLE.drop(columns=column))
    with pytest.raises(
        InputError, match=rf"the column {column}: .*python -m stages\.representation\.metrics"
    ):
        files.read_detection()
