"""The maps of planted images and the table of localization, as the stages after them read them."""

import numpy as np
import pandas as pd
import pytest
from oracles.localization_tables import localization
from oracles.planted_digits import plant

from novelty_maps.localization.files import (
    COMPARED_IMAGES,
    COMPARED_MEASURES,
    HEADLINE,
    LOCALIZATION,
    load_compared,
    load_normal_map,
    load_planted_map,
    normal_map_path,
    planted_map_path,
    read_headline,
    read_localization,
    write_compared,
)
from novelty_maps.pipeline import arrays, formats
from novelty_maps.pipeline.errors import InputError

PLANTED = plant(count=3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(shape=(3, 32, 32)):
    """Every file of two maps, each with values of its own."""
    generator = np.random.default_rng(0)
    written = {}
    for part in ("validation", "test"):
        for moment in ("before", "after"):
            for method in ("saliency", "direct_term"):
                maps = generator.standard_normal(shape, np.float32)
                arrays.write_array(planted_map_path(part, moment, method), maps)
                written[part, moment, method] = maps
    return written


def test_a_map_is_read_with_its_sign_as_it_was_written():
    written = write()
    for (part, moment, method), maps in written.items():
        found = load_planted_map(part, moment, method, PLANTED)
        np.testing.assert_array_equal(found, maps)
        assert isinstance(found, np.memmap)


def test_maps_of_other_images_are_an_error_that_names_the_stage():
    write((4, 32, 32))
    with pytest.raises(InputError, match=r"holds float32 4×32×32.*stages.localization.maps"):
        load_planted_map("test", "after", "saliency", PLANTED)


def test_map_of_normal_images_has_as_many_as_there_are_in_a_file_of_its_own():
    maps = np.random.default_rng(0).random((7, 32, 32), np.float32)
    arrays.write_array(normal_map_path("saliency"), maps)
    planted = {planted_map_path("validation", moment, "saliency") for moment in ("before", "after")}
    assert normal_map_path("saliency") not in planted
    np.testing.assert_array_equal(load_normal_map("saliency", PLANTED), maps)
    arrays.write_array(normal_map_path("saliency"), maps[:, :-1])
    with pytest.raises(InputError, match=r"7×31×32, not float32 any×32×32.*localization.maps"):
        load_normal_map("saliency", PLANTED)


@pytest.mark.parametrize(
    "column", ["aupro_gain_low", "average_precision_gain_over_absolute_error", "aupro_high"]
)
def test_table_is_read_and_one_without_a_measure_or_gain_refused(column):
    table = localization()
    formats.write_table(LOCALIZATION, table)
    assert len(read_localization()) == len(table)
    formats.write_table(LOCALIZATION, table.drop(columns=column))
    with pytest.raises(InputError, match=rf"column {column}:.*stages.localization.measures"):
        read_localization()


def test_column_that_tells_controls_holds_integers():
    table = localization()
    formats.write_table(LOCALIZATION, table.drop(columns="control"))
    with pytest.raises(InputError, match=r"lacks the column control.*localization.measures"):
        read_localization()
    formats.write_table(LOCALIZATION, table.assign(control=0.5))
    with pytest.raises(InputError, match=r"other values than integers in control"):
        read_localization()


def test_what_is_found_on_each_image_is_read_to_the_last_bit():
    generator = np.random.default_rng(0)
    names = ["average_precision", "auroc", "pointing_game"]
    images = {
        method: pd.DataFrame(generator.random((5, 3)), columns=names)
        for method in ("sobel", "saliency", "reconstruction_error")
    }
    write_compared(images)
    found = load_compared(5)
    assert list(found) == COMPARED_MEASURES
    assert len(COMPARED_MEASURES) == 4
    for method in ("saliency", "reconstruction_error"):
        for name in ("average_precision", "pointing_game"):
            np.testing.assert_array_equal(found[f"{method}_{name}"], images[method][name])
    with pytest.raises(InputError, match=rf"{COMPARED_IMAGES} holds .* 5, .*localization.measures"):
        load_compared(6)


def test_headline_that_is_missing_is_an_error_that_names_its_stage():
    with pytest.raises(InputError, match=rf"{HEADLINE} does not exist.*localization.measures"):
        read_headline()
