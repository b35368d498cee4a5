"""What figures and their axes show, read back from matplotlib's artists."""

import itertools
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from numpy.typing import NDArray

Values = NDArray[np.float64]


def bars_of(axis: Axes) -> dict[str, tuple[Values, Values, set[tuple[float, ...]]]]:
    """Label to centres, heights and colours of bars."""
    found = {}
    for container in bars(axis):
        places = np.array([bar.get_x() + bar.get_width() / 2 for bar in container])
        heights = np.array([bar.get_height() for bar in container])
        colors = {bar.get_facecolor() for bar in container}
        found[container.get_label()] = (places, heights, colors)
    return found


def line_of(axis: Axes, label: str) -> tuple[Values, Values, str]:
    """x, y and colour of the one line with this label."""
    (line,) = (line for line in axis.lines if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata()), line.get_color()


def band_of(axis: Axes, color: str, x: Values) -> tuple[Values, Values]:
    """Lower and upper end, at each x, of the one pale band of this colour."""
    (band,) = (
        area
        for area in axis.collections
        if np.allclose(area.get_facecolor(), to_rgba(color, 0.25)) and area.get_paths()
    )
    (path,) = band.get_paths()
    ends = [path.vertices[path.vertices[:, 0] == place, 1] for place in np.asarray(x)]
    return np.array([end.min() for end in ends]), np.array([end.max() for end in ends])


class Points(NamedTuple):
    """Points with vertical error bars."""

    x: Values
    y: Values
    low: Values
    high: Values
    color: str


def points_of(axis: Axes) -> dict[str, Points]:
    """Label to points with vertical error bars."""
    found = {}
    for container in dots(axis):
        ends = intervals(container).reshape(-1, 2)
        color = container[0].get_color()
        found[container.get_label()] = Points(*points(container).T, *ends.T, color)
    return found


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
    return np.array(segments.get_segments()).reshape(-1, 2, 2)[:, :, "xy".index(along)]


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
