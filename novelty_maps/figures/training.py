"""Figures over the epochs of training: the loss, and what becomes of the maps' agreement."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from novelty_maps.figures.style import CHANCE, KINDS, NORMAL, STYLE, interval_band


def training_figure(history: pd.DataFrame, *, best_epoch: int) -> Figure:
    """Loss of training and of normal validation images over epochs, the best epoch marked.

    Args:
        history: Columns epoch, train_loss, validation_loss.
        best_epoch: The epoch whose weights were kept.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.5, 2.8))
        axis = figure.subplots()
        marker = "o" if len(history) < 3 else None
        for column, label, color in (
            ("train_loss", "training", CHANCE),
            ("validation_loss", "normal validation", NORMAL),
        ):
            values = history[column].astype(float)
            if values.notna().any():
                axis.plot(history["epoch"], values, color=color, label=label, marker=marker)
        best = history.loc[history["epoch"] == best_epoch, "validation_loss"]
        axis.plot(best_epoch, best, "*", color="black", ms=9, label=f"kept: epoch {best_epoch}")
        axis.set(yscale="log", xlabel="epoch", ylabel="reconstruction loss")
        axis.legend()
    return figure


_TRAJECTORY_PANELS = {
    "agreement": "top-{k} agreement (pixels)",
    "max_distance_saliency_to_error": "max distance (pixels)",
    "indirect_share": "indirect share",
}


def one_run_figure(trajectory: pd.DataFrame, *, k: int) -> Figure:
    """`trajectory_figure` of one run: a column of panels for each kind of batch norm's statistics.

    Args:
        trajectory: Rows of `metrics/trajectory.csv`.
        k: The headline K.
    """
    titles = {"precise statistics": 0, "running statistics": 1}
    ways = {title: trajectory[trajectory["running"] == way] for title, way in titles.items()}
    ways = {title: rows for title, rows in ways.items() if len(rows)}
    return trajectory_figure(ways if len(ways) > 1 else {"": trajectory}, k=k)


def trajectory_figure(runs: dict[str, pd.DataFrame], *, k: int) -> Figure:
    """Agreement, distance and share of the indirect term over training, with 95% intervals.

    Args:
        runs: Title to rows of `metrics/trajectory.csv`; a column of panels for each.
        k: The headline K.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.0 + 2.3 * len(runs), 5.6))
        panels = figure.subplots(
            len(_TRAJECTORY_PANELS), len(runs), squeeze=False, sharex="col", sharey="row"
        )
        for axes, (title, table) in zip(panels.T, runs.items(), strict=True):
            axes[0].set_title(title)
            epoch = table["epoch"].clip(lower=1)  # weights from elsewhere have epoch 0
            for axis, (measure, label) in zip(axes, _TRAJECTORY_PANELS.items(), strict=True):
                for kind, color in KINDS:
                    name = f"{kind}_{measure}"
                    axis.plot(epoch, table[name], "o-", ms=3, lw=1.2, color=color, label=kind)
                    interval_band(axis, epoch, table, name, color=color)
                if axis in panels[:, 0]:
                    axis.set_ylabel(label.format(k=k))
            following = epoch.shift(-1).fillna(np.inf)
            ticks = table["epoch"][following > 1.6 * epoch]  # so that labels do not touch
            axes[-1].set(xscale="log", xlabel="epoch", xticks=ticks.clip(lower=1))
            axes[-1].set_xticklabels(ticks)
            axes[-1].minorticks_off()
        panels[0, 0].legend()
    return figure
