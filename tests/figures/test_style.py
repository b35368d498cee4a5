"""What all figures share."""

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from oracles.drawn import band_of

from novelty_maps.figures import style
from novelty_maps.figures.style import (
    KINDS,
    NORMAL,
    NOVEL,
    error_lengths,
    in_words,
    interval_band,
    line_look,
    note,
)
from novelty_maps.maps.names import CONTROLS, PERFECT, SHORT_NAMES

ROWS = pd.DataFrame({"x": [1, 2, 4], "m": [2.0, 4, 6], "m_low": [1.0, 3.5, 6], "m_high": [4, 5, 9]})


def test_kinds_have_their_colours_in_the_order_of_the_column_novel():
    assert KINDS == (("normal", NORMAL), ("novel", NOVEL))
    assert NORMAL != NOVEL


def test_error_bars_reach_from_the_low_to_the_high_end():
    assert error_lengths(ROWS, "m").tolist() == [[1, 0.5, 0], [2, 1, 3]]


def test_error_bars_are_never_negative_though_files_round():
    rows = pd.DataFrame({"m": [1.0], "m_low": [1 + 1e-9], "m_high": [1 - 1e-9]})
    assert error_lengths(rows, "m").tolist() == [[0], [0]]


@pytest.mark.parametrize("divisor", [1.0, ROWS["x"]])
def test_band_reaches_from_the_low_to_the_high_end(divisor):
    axis = Figure().subplots()
    interval_band(axis, ROWS["x"], ROWS, "m", divisor=divisor, color=NOVEL)
    low, high = band_of(axis, NOVEL, ROWS["x"])
    np.testing.assert_allclose(low, ROWS["m_low"] / divisor)
    np.testing.assert_allclose(high, ROWS["m_high"] / divisor)


def test_maps_look_different_and_controls_are_grey():
    looks = {method: line_look(method) for method in SHORT_NAMES}
    assert len({tuple(look.values()) for look in looks.values()}) == len(looks)
    # By colour and line alone, too: not every figure has markers.
    assert len({(look["color"], look["ls"]) for look in looks.values()}) == len(looks)
    grey = {method for method, look in looks.items() if look["color"] == style.CHANCE}
    assert grey == set(CONTROLS) - {PERFECT}
    assert [look["label"] for look in looks.values()] == list(SHORT_NAMES.values())
    assert line_look("my_map")["label"] == "my map"


def test_note_stands_in_a_panel_without_axes():
    axis = Figure().subplots()
    note(axis, "nothing to see")
    assert [text.get_text() for text in axis.texts] == ["nothing to see"]
    assert not axis.axison


@pytest.mark.parametrize("name", ["a$^^$b", "cost_$5_$10", "$", "$$", r"a\$b_$c$", r"\\$x$", "_x"])
def test_name_is_drawn_as_it_stands(name):
    drawn = []
    for text, settings in ((in_words(name), {}), (name.replace("_", " "), {"parse_math": False})):
        figure = Figure(figsize=(3, 1))
        figure.text(0.1, 0.5, text, **settings)
        stream = io.BytesIO()
        figure.savefig(stream, format="png")
        drawn.append(stream.getvalue())
    assert drawn[0] == drawn[1]


def test_style_leaves_nothing_to_the_users_settings():
    assert set(style.STYLE) == set(mpl.rcParamsDefault) - {"backend"}
    assert style.STYLE["font.size"] == 9
    assert style.STYLE["text.usetex"] is False
