"""What a matplotlib axis shows, read back from its artists."""

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
    for container in axis.containers:
        if isinstance(container, BarContainer):
            places = np.array([bar.get_x() + bar.get_width() / 2 for bar in container])
            heights = np.array([bar.get_height() for bar in container])
            found[container.get_label()] = (
                places,
                heights,
                {bar.get_facecolor() for bar in container},
            )
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
    for container in axis.containers:
        if isinstance(container, ErrorbarContainer):
            line, _, (bars,) = container
            ends = np.array([segment[:, 1] for segment in bars.get_segments()]).reshape(-1, 2)
            x, y = (np.asarray(values, np.float64) for values in line.get_data())
            found[container.get_label()] = Points(x, y, *ends.T, line.get_color())
    return found
