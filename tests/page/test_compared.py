"""The page of several runs holds what it is given."""

import html

from oracles.small_compared import SETTINGS, SUMMARY, compared_page

from novelty_maps.page.compared import settings_table
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
