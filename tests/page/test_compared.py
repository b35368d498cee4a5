"""The page of several runs holds what it is given."""

import html

import pandas as pd
from oracles.small_compared import SETTINGS, SUMMARY, compared_page

from novelty_maps.page.compared import labels, settings_table
from novelty_maps.page.render import page_html


def test_page_has_settings_numbers_and_what_all_runs_share():
    text = html.unescape(page_html(compared_page()))
    assert "Does noise help?" in text
    for run in SETTINGS["run"]:
        assert f">{run}</td>" in text
    for estimate in SUMMARY["estimate"]:
        assert f"<b>{estimate:.3g}</b>" in text
    assert "<dt>name</dt><dd>digits</dd>" in text
    assert "class </script>" not in page_html(compared_page())


def test_page_without_images_says_why():
    text = page_html(compared_page(left_out=["No images are shown: none is here."]))
    assert "No images are shown: none is here." in text
    assert 'id="compared-list"' not in text


def test_page_loads_nothing():
    assert "default-src 'none'" in page_html(compared_page())


def test_settings_are_a_row_a_run_and_json_is_read():
    table = settings_table(SETTINGS.assign(**{"train.network": ['"vae"', '"lsa"', '"lsa"']}))
    assert table.heads == ["run", "train.noise_std", "train.seed", "train.network"]
    assert [cell.text for cell in table.rows[2]] == ["a-3", "0.4", "0", "lsa"]
    assert settings_table(SETTINGS[["run"]]).caption == "The runs have equal settings"


def test_labels_leave_out_seeds_and_long_values_where_the_others_tell_runs_apart():
    table = SETTINGS.assign(**{"split.normal_classes": [str([*range(20)])] * 2 + ["[0]"]})
    assert labels(table).tolist() == [
        "noise std 0, seed 0",
        "noise std 0, seed 1",
        "noise std 0.4, seed 0",
    ]
    assert labels(table.drop(columns="train.seed")).tolist() == ["noise std 0"] * 2 + [
        "noise std 0.4"
    ]
    assert labels(SETTINGS[["run", "train.seed"]]).tolist() == ["seed 0", "seed 1", "seed 0"]
    assert labels(SETTINGS[["run"]]).tolist() == [""] * 3


def test_labels_name_the_section_of_keys_that_two_sections_have():
    table = pd.DataFrame(
        {"train.seed": [0, 0], "split.seed": [0, 1], "split.part_seed": [3, 3], "plots.k": [1, 1]}
    )
    assert labels(table[["train.seed", "split.seed"]]).tolist() == [
        "train seed 0, split seed 0",
        "train seed 0, split seed 1",
    ]
    assert labels(table[["split.seed", "plots.k"]]).tolist() == ["seed 0, k 1", "seed 1, k 1"]


def test_labels_are_words_and_no_json():
    table = pd.DataFrame(
        {
            "train.keep_epochs": ['["last", 2]', "[]"],
            "maps.epoch": ["null", "3"],
            "x.y": ["true", None],
        }
    )
    assert labels(table).tolist() == [
        "keep epochs [last, 2], epoch none, y true",
        "keep epochs [], epoch 3, y –",
    ]
