"""Names of maps, for those who compute none."""

import subprocess
import sys

from novelty_maps.maps.names import (
    ABSOLUTE_REFERENCE,
    CHALLENGER,
    COMPARED_MAPS,
    CONTROLS,
    GAINS,
    HEADLINE_MAPS,
    PERFECT,
    REFERENCE,
    short_name,
)


def test_names_need_no_torch():
    code = "import sys, novelty_maps.maps.names; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


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
