"""Figures of how far both maps agree, over images and over K, and of what explains it."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from novelty_maps.figures.style import CHANCE, KINDS, STYLE, error_lengths, interval_band

_EXPLANATIONS = {
    "indirect_share": "share of the indirect term",
    "gradient_error_cosine": "cosine of gradient and error",
}


def agreement_figure(histogram: pd.DataFrame) -> Figure:
    """Figure 2 of the paper, with the distribution expected by chance.

    Args:
        histogram: As `histograms.agreement_histogram` returns it.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.5, 2.8))
        axis = figure.subplots()
        position = histogram["agreement"].to_numpy()
        for (kind, color), offset in zip(KINDS, (-0.2, 0.2), strict=True):
            axis.bar(position + offset, histogram[kind], 0.4, color=color, label=kind)
        axis.plot(position, histogram["chance"], "o--", color=CHANCE, ms=3, lw=1, label="chance")
        k = int(position.max())
        axis.set(xlabel=f"top-{k} agreement (pixels)", ylabel="share of images")
        if k <= 20:
            axis.set_xticks(position)
        axis.legend()
    return figure


def agreement_by_k_figure(curve: pd.DataFrame, *, k: int) -> Figure:
    """Mean agreement as a share of K, over K, with 95% intervals and the chance level K/n.

    Args:
        curve: As `tables.by_k` returns it.
        k: The headline K, marked.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.5, 2.8))
        axis = figure.subplots()
        _curves_over_k(axis, curve, "agreement", divisor=curve["k"])
        share = curve["chance_agreement"] / curve["k"]
        axis.plot(curve["k"], share, "--", color=CHANCE, lw=1, label="chance")
        axis.axvline(k, color="black", lw=0.6, ls=":")
        axis.annotate(f" K = {k}", (k, 0.97), xycoords=("data", "axes fraction"), va="top")
        axis.set(xscale="log", xlabel="K (pixels)", ylabel="top-K agreement / K", ylim=(0, 1.02))
        axis.legend(loc="upper left")
    return figure


def _curves_over_k(
    axis: Axes, curve: pd.DataFrame, measure: str, *, divisor: "pd.Series[Any] | float" = 1.0
) -> None:
    for kind, color in KINDS:
        name = f"{kind}_{measure}"
        axis.plot(curve["k"], curve[name] / divisor, color=color, label=kind)
        interval_band(axis, curve["k"], curve, name, divisor=divisor, color=color, lw=0)


def distances_figure(histogram: pd.DataFrame, curve: pd.DataFrame, *, k: int) -> Figure:
    """Distance to best match: its distribution at K, and its mean over K.

    Args:
        histogram: As `histograms.distance_histogram` returns it.
        curve: As `tables.by_k` returns it.
        k: The headline K.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.8))
        left, right = figure.subplots(1, 2)
        edges = histogram["distance"].to_numpy()
        edges = np.append(edges, edges[-1] + 1)
        for kind, color in KINDS:
            left.stairs(histogram[kind], edges, fill=True, color=color, alpha=0.25)
            left.stairs(histogram[kind], edges, color=color, lw=1.2, label=kind)
        left.set(xlabel=f"max distance to best match at K = {k} (pixels)", ylabel="share of images")
        left.legend()
        defined = curve[curve["normal_max_distance"].notna()]
        _curves_over_k(right, defined, "max_distance")
        right.axvline(k, color="black", lw=0.6, ls=":")
        right.set(xscale="log", xlabel="K (pixels)", ylabel="mean max distance (pixels)", ylim=0)
        right.legend()
    return figure


def explanation_figure(tables: Mapping[str, pd.DataFrame], *, k: int) -> Figure:
    """Agreement of images that are alike in the size or the direction of the indirect term.

    Args:
        tables: Measure to its table, as `histograms.agreement_by_decile` returns it.
        k: The headline K.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(tables), 2.8))
        panels = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
        for axis, (measure, table) in zip(panels, tables.items(), strict=True):
            for novel, (kind, color) in enumerate(KINDS):
                rows = table[table["novel"] == novel]
                axis.errorbar(
                    rows[measure],
                    rows["agreement"],
                    error_lengths(rows, "agreement"),
                    fmt="o-",
                    ms=3,
                    lw=1.2,
                    color=color,
                    label=kind,
                )
            axis.set(xlabel=_EXPLANATIONS[measure])
        panels[0].set(ylabel=f"mean top-{k} agreement (pixels)", ylim=0)
        panels[0].legend(loc="upper right")
    return figure
