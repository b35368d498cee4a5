"""Names of maps, for those who compute none."""

import pytest
from oracles.without_torch import runs_without_torch

from novelty_maps.maps.names import (
    ABSOLUTE_REFERENCE,
    CHALLENGER,
    COMPARED_MAPS,
    CONTROLS,
    GAINS,
    HEADLINE_MAPS,
    PERFECT,
    REFERENCE,
    require_methods,
    require_planned,
    short_name,
)
from novelty_maps.pipeline.errors import InputError


def test_names_need_no_torch():
    assert runs_without_torch("import novelty_maps.maps.names") == ""


def test_reference_is_compared_and_the_perfect_map_is_a_control():
    assert REFERENCE in COMPARED_MAPS
    assert PERFECT in CONTROLS
    assert not set(COMPARED_MAPS) & set(CONTROLS)


def test_headline_has_the_challenger_and_what_its_gains_are_over():
    assert set(HEADLINE_MAPS) == {CHALLENGER, *GAINS.values()}
    assert GAINS == {"gain": REFERENCE, "gain_over_absolute_error": ABSOLUTE_REFERENCE}
    assert not set(HEADLINE_MAPS) & set(CONTROLS)


def test_map_without_a_label_is_called_by_its_name():
    assert short_name("squared_saliency") == "saliency²"
    assert short_name("my_own_map") == "my own map"


def test_unknown_map_is_an_error_that_names_the_key():
    with pytest.raises(InputError, match=r"^there is no map 'sobl'; did you mean sobel\?$"):
        require_methods(["saliency", "sobl"])
    with pytest.raises(InputError, match=r"^maps.methods: there is no map 'sobl'; did you"):
        require_planned(["saliency", "sobl"], needed=[])


def test_planned_maps_have_what_is_read_later_and_no_mask():
    require_planned([*COMPARED_MAPS, "sobel"], needed=COMPARED_MAPS)
    with pytest.raises(InputError, match="no masks for: leave it to localization"):
        require_planned([*COMPARED_MAPS, "mask"], needed=COMPARED_MAPS)
    with pytest.raises(InputError, match="lacks saliency, which the ranks stage reads: add it"):
        require_planned(["reconstruction_error"], needed=COMPARED_MAPS)
