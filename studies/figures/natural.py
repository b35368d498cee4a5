"""The figure of docs/natural.md: what maps find of planted novelties and of natural defects."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from novelty_maps.figures.style import STYLE
from novelty_maps.maps.names import CONTROLS, DETECTORS, short_name
from studies.natural import PhotoStudy

_LETTER, _HEIGHT = 0.019, 0.034  # of a name, in the units of the axes
_ASIDE = 0.02  # of a name from its point
_LOOKS = {"map of the network": "o", "control": "x", "detector": "s"}


def natural_figure(study: PhotoStudy) -> Figure:
    """A point a map: average precision on planted novelties and on the defects, a panel a network.

    Maps above the diagonal find defects better than what is planted.
    """
    networks = study.networks()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 3.6 * -(-len(networks) // 2)), layout="constrained")
        panels = figure.subplots(-(-len(networks) // 2), 2, sharex=True, sharey=True).flat
        for axis, network in zip(panels, networks, strict=False):
            axis.axline((0, 0), slope=1, color="0.8", lw=0.8, zorder=0)
            places: list[tuple[float, float, str]] = []
            for method in study.maps(network):
                planted, own = (
                    study.row(network, method, "origin", group)["average_precision"]
                    for group in ("planted", "own")
                )
                kind = _kind(method)
                axis.plot(planted, own, _LOOKS[kind], color="0.2", ms=4, label=kind)
                places.append((planted, own, short_name(method)))
            _label(axis, places)
            axis.set(title=network, xlim=(0, 1.2), ylim=(0, 1), xticks=np.linspace(0, 1, 6))
            axis.set(xlabel="AP, planted novelties", ylabel="AP, natural defects")
            axis.label_outer()
        handles, labels = figure.axes[0].get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        figure.legend(list(once.values()), list(once), loc="outside upper center", ncols=len(once))
    return figure


def _kind(method: str) -> str:
    if method in CONTROLS:
        return "control"
    return "detector" if method in DETECTORS else "map of the network"


def _label(axis: Axes, places: list[tuple[float, float, str]]) -> None:
    """Names where no other name and no point is, as near as may be; lines lead to those far off."""
    taken = [_box(x - _ASIDE / 2, y, _ASIDE) for x, y, _ in places]
    for x, y, name in sorted(places, key=lambda place: -place[1]):
        width = _LETTER * len(name)
        steps = sorted(
            (
                (aside, rise)
                for aside in (_ASIDE, -_ASIDE - width, 0.1, -0.1 - width)
                for rise in range(-8, 9)
            ),
            key=lambda step: (abs(step[1]) + 2 * (step[0] != _ASIDE), abs(step[0])),
        )
        boxes = (_box(x + aside, y + rise * _HEIGHT, width) for aside, rise in steps)
        free = (box for box in boxes if _inside(box) and not any(_meet(box, b) for b in taken))
        left, low, right, high = box = next(free, _box(x + _ASIDE, y, width))
        taken.append(box)
        height = (low + high) / 2
        axis.text(left, height, name, fontsize=6.5, va="center")
        if abs(height - y) > 1.5 * _HEIGHT or min(abs(left - x), abs(right - x)) > 2 * _ASIDE:
            end = left if left > x else right
            axis.plot([x, end], [y, height], color="0.6", lw=0.5, zorder=0)


def _box(left: float, middle: float, width: float) -> tuple[float, float, float, float]:
    """Left, lower, right and upper end of a name."""
    return left, middle - _HEIGHT / 2, left + width, middle + _HEIGHT / 2


def _inside(box: tuple[float, float, float, float]) -> bool:
    return box[0] > 0 and box[1] > 0 and box[2] < 1.2 and box[3] < 1


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
