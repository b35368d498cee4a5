"""The authors' own networks beside ours along training."""

from collections.abc import Hashable

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from novelty_maps.figures.style import BLUE, STYLE, VERMILION, error_lengths
from studies.authors import RUN

_COLORS = {"authors": VERMILION, "ours": BLUE}
_MARKERS = ("o", "s", "^", "D", "v")
_LINES = {"plain": "-", "denoising": "--"}
_EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def along_training(agreement: pd.DataFrame, localization: pd.DataFrame) -> Figure:
    """Whether novel images agree less, and whether saliency finds novelties better, over training.

    Args:
        agreement: As `AgreementStudies.networks` returns it.
        localization: Rows of `metrics/localization.csv` over all images with the columns of
            `authors.Network`, of which those of saliency are drawn; of runs of `agreement` alone.
    """
    saliency = localization[localization["method"] == "saliency"]
    runs = list(agreement.groupby(RUN, sort=False).groups)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 3.4))
        left, right = figure.subplots(1, 2)
        _lines(left, agreement, "normal_minus_novel_agreement", runs)
        left.set(ylabel="top-10 agreement, normal − novel (pixels)")
        _lines(right, saliency, "average_precision_gain_over_absolute_error", runs)
        right.set(ylabel="average precision, saliency − |error|")
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4)
    return figure


def nulls_over_training(networks: pd.DataFrame) -> Figure:
    """Agreement and what it would be with the indirect term elsewhere, over training; a line a run.

    Args:
        networks: As `AgreementStudies.networks` returns it; plain ones are drawn.
    """
    plain = networks[networks["training"] == "plain"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 3.2))
        panels = figure.subplots(1, 2, sharey=True)
        for axis, kind in zip(panels, ("normal", "novel"), strict=True):
            for measure, label, line in (
                ("agreement", "agreement", "-"),
                ("shuffled_agreement", "indirect term shuffled", "--"),
                ("other_image_agreement", "that of another image", ":"),
            ):
                for run, group in plain.groupby(RUN, sort=False):
                    source, rows = str(run[0]), group.sort_values("epoch")
                    look = {"color": _COLORS[source], "ls": line, "marker": "o", "ms": 3, "lw": 1}
                    values = rows[f"{kind}_{measure}"]
                    axis.plot(rows["epoch"], values, label=f"{source}: {label}", **look)
            axis.set(title=f"{kind} images", ylim=(0, 10))
            _epoch_axis(axis)
        panels[0].set(ylabel="top-10 agreement (pixels)")
        handles, labels = panels[0].get_legend_handles_labels()
        named = dict(zip(labels, handles, strict=True))  # runs of a source have one name
        figure.legend(named.values(), named, loc="outside upper center", ncols=3)
    return figure


def _lines(axis: Axes, table: pd.DataFrame, measure: str, runs: list[Hashable]) -> None:
    """A line a run, with the 95% intervals of each network; its place in `runs` has a marker."""
    for run, group in table.groupby(RUN, sort=False):
        source, training, name = map(str, run)
        rows = group.sort_values("epoch")
        label = f"{source}, {training} {name}".rstrip()
        axis.errorbar(
            rows["epoch"],
            rows[measure],
            error_lengths(rows, measure),
            color=_COLORS[source],
            ls=_LINES[training],
            marker=_MARKERS[runs.index(run) % len(_MARKERS)],
            ms=3.5,
            lw=1,
            elinewidth=0.7,
            label=label,
        )
    axis.axhline(0, color="black", lw=0.6)
    _epoch_axis(axis)


def _epoch_axis(axis: Axes) -> None:
    axis.set(xscale="log", xlabel="epoch", xticks=_EPOCHS)
    axis.set_xticklabels([str(epoch) for epoch in _EPOCHS])
    axis.minorticks_off()
