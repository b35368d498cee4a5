"""The figure of docs/natural.md: what maps find of planted novelties and of natural defects."""

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from novelty_maps.figures.style import STYLE
from novelty_maps.maps.names import CONTROLS, DETECTORS, short_name
from studies.natural import PhotoStudy

_WIDTH, _HEIGHT = 0.25, 0.035  # of a name, in the units of the axes
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
            axis.set(title=network, xlim=(0, 1.12), ylim=(0, 1))
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
    """Names beside points, each lower than those that would be under it."""
    written: list[tuple[float, float]] = []
    for x, y, name in sorted(places, key=lambda place: -place[1]):
        height = y
        for left, other in written:
            if -_WIDTH / 2 < x - left < _WIDTH and abs(height - other) < _HEIGHT:
                height = other - _HEIGHT
        written.append((x, height))
        axis.text(x + 0.015, height, name, fontsize=6.5, va="center")
