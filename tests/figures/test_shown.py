"""Which maps and images the figures of localization show."""

import numpy as np
import pandas as pd
import pytest
from oracles.localization_tables import localization

from novelty_maps.figures.shown import drawn_of_each_kind, most_missed, over_all, shown_methods


def test_rows_over_all_images_are_one_a_map():
    rows = over_all(localization())
    assert rows["method"].is_unique
    assert set(rows["group"]) == {"all"}
    assert len(rows) == 10


def test_shown_are_error_and_saliency_in_both_powers_the_best_other_and_the_best_control():
    assert shown_methods(localization()) == [
        "reconstruction_error",
        "absolute_error",
        "saliency",
        "squared_saliency",
        "occlusion",
        "sobel",
    ]


@pytest.mark.parametrize(
    ("skill", "shown"),
    [
        ({"reconstruction_error": 0.4, "saliency": 0.3}, ["reconstruction_error", "saliency"]),
        ({"saliency": 0.3, "mask": 1.0, "direct_term": 0.9}, ["saliency"]),
        ({"saliency": 0.3, "smoothgrad": np.nan, "uniform": 0.1}, ["saliency", "uniform"]),
        ({"smoothgrad": 0.3, "occlusion": 0.3, "indirect_term": 0.9}, ["smoothgrad"]),
    ],
)
def test_shown_maps_are_in_the_table(skill, shown):
    assert shown_methods(localization(skill)) == shown


def test_best_map_is_that_over_all_images_not_of_a_kind():
    table = localization()
    of_kind = (table["grouping"] == "kind") & (table["method"] == "smoothgrad")
    table.loc[of_kind, "average_precision"] = 0.99
    assert "smoothgrad" not in shown_methods(table)


def test_best_map_is_that_of_average_precision_not_of_aupro():
    table = localization()
    table.loc[table["method"] == "smoothgrad", "aupro"] = 0.99
    assert "smoothgrad" not in shown_methods(table)


def test_drawn_images_are_of_the_highest_intensity_and_then_size():
    table = pd.DataFrame(
        {
            "row": range(7),
            "kind": ["disk"] * 4 + ["scratch"] * 2 + ["square"],
            "size": [0.5, 0.2, 0.35, 0.35, np.nan, np.nan, 0.2],
            "intensity": [0.3, 1.0, 1.0, 1.0, np.nan, np.nan, 0.3],
        }
    )
    drawn = {
        tuple(drawn_of_each_kind(table, generator=np.random.default_rng(seed)))
        for seed in range(30)
    }
    assert drawn == {(disk, scratch, 6) for disk in (2, 3) for scratch in (4, 5)}


@pytest.mark.parametrize(("paired", "found"), [([1] * 4, [1, 3]), ([1, 0, 0, 0], [3, 2])])
def test_most_missed_have_the_lowest_precision_own_novelties_first(paired, found):
    table = pd.DataFrame({"row": range(4), "paired": paired})
    precision = {"saliency": [0.4, 0.1, 0.3, 0.2], "sobel": [0.9, np.nan, 0.5, 0.5]}
    if paired[1] == 0:
        precision["saliency"] = [0.0, 0.4, 0.3, 0.2]
    images = pd.concat(
        pd.DataFrame({"row": range(4), "method": name, "average_precision": values})
        for name, values in precision.items()
    )
    assert most_missed(images, table, ["sobel", "saliency"]) == [
        ("sobel", 2),
        ("sobel", 3),
        *(("saliency", row) for row in found),
    ]
