"""What the panels of a figure show: ticks, legend, bars, and points with error bars."""

import itertools

import numpy as np
from matplotlib.container import BarContainer, ErrorbarContainer


def ticks(axis):
    return [label.get_text() for label in axis.get_xticklabels()]


def rows_of(axis):
    return [label.get_text() for label in axis.get_yticklabels()]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def dots(axis):
    """Points with error bars, a container a line."""
    return [each for each in axis.containers if isinstance(each, ErrorbarContainer)]


def bars(axis):
    """Bars, a container a colour."""
    return [each for each in axis.containers if isinstance(each, BarContainer)]


def points(container):
    """x and y of points with error bars, (N, 2)."""
    return np.column_stack(container[0].get_data()).astype(np.float64)


def intervals(container, *, along="y"):
    """Ends of error bars along an axis, (N, 2)."""
    (segments,) = container[2]
    return np.array(segments.get_segments())[:, :, "xy".index(along)]


def assert_texts_are_apart(figure, texts):
    """No two texts overlap, and none leaves the figure."""
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1
