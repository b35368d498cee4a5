"""What the figure of unseen classes shows, read from the figure itself."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from novelty_maps.figures.style import NORMAL, NOVEL
from studies.figures.representation import unseen_class_figure


def test_class_that_was_labelled_and_held_out_have_their_colours_and_the_first_row_is_on_top():
    rows = []
    for name, seen, unseen, own in (("nominal", 0.9, 0.6, 0.7), ("raw_pixels", 0.8, 0.5, 0.55)):
        rows += [
            (name, "distance", "none", "all", own),
            (name, "forest", "all", "each", seen),
            (name, "forest", "other classes", "each", unseen),
        ]
    columns = ["representation", "detector", "labels", "novel_class", "auroc"]
    table = pd.DataFrame(rows, columns=columns)
    table["auroc_low"], table["auroc_high"] = table["auroc"] - 0.02, table["auroc"] + 0.01
    (axis,) = unseen_class_figure(table).axes
    assert [text.get_text() for text in axis.get_yticklabels()] == ["raw pixels", "nominal"]
    drawn = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        (x,), (y,) = line.get_xdata(), line.get_ydata()
        drawn[to_hex(line.get_color()).upper(), int(y)] = x
        assert bars.get_segments()[0][:, 0] == pytest.approx([x - 0.02, x + 0.01])
    assert drawn == {(NORMAL, 1): 0.9, (NOVEL, 1): 0.6, (NORMAL, 0): 0.8, (NOVEL, 0): 0.5}
    own = {
        int(line.get_ydata()[0]): line.get_xdata()[0]
        for line in axis.lines
        if line.get_marker() == "|" and len(line.get_xdata())
    }
    assert own == {1: 0.7, 0: 0.55}
    legend = {text.get_text() for text in axis.figure.legends[0].get_texts()}
    assert legend == {"forest, class was labelled", "forest, class held out", "own score"}


def test_table_without_held_out_classes_makes_a_figure_that_says_so():
    columns = ["representation", "detector", "labels", "novel_class", "auroc"]
    rows = [("nominal", "distance", "none", "all", 0.7), ("nominal", "forest", "all", "each", 0.9)]
    figure = unseen_class_figure(pd.DataFrame(rows, columns=columns))
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["no class was held out"]
    assert not axis.containers
