"""Tables have every row and number of the tables of the run."""

import numpy as np
import pytest
from oracles import detection_tables
from oracles.localization_tables import localization

from novelty_maps.maps.names import short_name
from novelty_maps.page.tables import Cell, detectors_table, maps_table, plain


def test_maps_are_all_there_the_best_first():
    table = localization()
    rows = table[table["grouping"] == "all"].sort_values("average_precision", ascending=False)
    shown = maps_table(table)
    assert [row[0].text for row in shown.rows] == [short_name(name) for name in rows["method"]]
    assert [row[2].order for row in shown.rows] == rows["average_precision"].tolist()
    first = rows.iloc[0]
    ends = f"{first['average_precision_low']:.3f} to 1.000"  # of 1.123
    assert first["average_precision_high"] > 1
    assert shown.rows[0][2] == Cell(f"{first['average_precision']:.3f}", 1.0, ends)
    assert shown.heads == ["map", "sees", "average precision", "AUPRO"]


def test_controls_and_detectors_are_told_from_maps_of_the_network():
    table = localization({"saliency": 0.4, "uniform": 0.1, "patchcore": 0.7})
    sees = {row[0].text: row[1].text for row in maps_table(table).rows}
    assert sees == {
        "PatchCore": "a network of its own",
        "saliency": "the autoencoder",
        "uniform": "no network",
    }


def test_undefined_number_is_a_dash_without_a_place_and_no_interval_is_none():
    table = localization()
    chosen = (table["grouping"] == "all") & (table["method"] == "sobel")
    table.loc[chosen, ["average_precision", "aupro_low"]] = np.nan
    row = next(row for row in maps_table(table).rows if row[0].text == "Sobel")
    assert row[2].text == "–"
    assert np.isnan(row[2].order)
    assert row[3].interval == ""


def test_detectors_are_those_of_all_novel_classes():
    table = detection_tables.TABLE
    shown = detectors_table(table)
    expected = table[table["novel_class"] == "all"]
    assert len(shown.rows) == len(expected)
    assert [row[3].order for row in shown.rows] == sorted(expected["auroc"], reverse=True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0.10", "0.10"),
        ("1e-05", "1e-05"),
        (0.5, "0.5"),
        (np.nan, "–"),
        (None, "–"),
        ("null", "none"),
        ("true", "true"),
        (np.False_, "false"),
        ('"disk"', "disk"),
        ("mine-1", "mine-1"),
        ("007", "007"),
        ('["a", null, [1, 0.5]]', "[a, none, [1, 0.5]]"),
        ('{"x": {"y": false}}', "x: y: false"),
    ],
)
def test_setting_is_read_without_json(value, words):
    assert plain(value) == words
