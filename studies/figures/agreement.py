"""Figures of docs/agreement.md: several runs of the pipeline in one picture."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from novelty_maps.figures import training
from novelty_maps.figures.style import CHANCE, NORMAL, NOVEL, STYLE
from studies.agreement import AgreementStudies


def agreement_figures(
    studies: AgreementStudies, paper: dict[str, dict[str, dict[str, int]]]
) -> dict[str, Figure]:
    """Name to figure.

    Args:
        studies: The studies of agreement.
        paper: The paper's numbers.
    """
    histograms = studies.table("seeds", "agreement_histogram", k=10)
    trajectories = studies.table("trajectories", "trajectory")
    networks = studies.networks()
    return {
        "agreement": agreement_over_seeds(histograms, paper),
        "trajectories": training.trajectory_figure(trajectory_columns(trajectories), k=10),
        "difference": difference_figure(studies.table("learning-rates", "trajectory"), networks),
        "indirect_share": share_and_agreement(networks),
        "classes": role_figure(studies.role_table()),
    }


def trajectory_columns(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Title to the rows of each long run."""
    columns = {}
    for _, run in table.groupby("run", sort=False):
        first = run.iloc[0]
        title = f"learning rate {first['train.learning_rate']:g}"
        if float(first["train.noise_std"]) > 0:
            title += f"\nnoise {first['train.noise_std']:g}"
        columns[title] = run
    return columns


def agreement_over_seeds(
    histograms: pd.DataFrame, paper: dict[str, dict[str, dict[str, int]]]
) -> Figure:
    """Figure 2 of the paper over several seeds: mean share of images, bars of one SD over seeds.

    Args:
        histograms: Columns run, agreement, normal, novel, chance.
        paper: The paper's numbers; its most frequent agreements are marked.
    """
    by_count = histograms.groupby("agreement")[["normal", "novel", "chance"]]
    mean, sd = by_count.mean(), by_count.std()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 2.9))
        axis = figure.subplots()
        for offset, group, color in ((-0.2, "normal", NORMAL), (0.2, "novel", NOVEL)):
            axis.bar(
                mean.index + offset, mean[group], 0.4, yerr=sd[group], color=color, label=group,
                error_kw={"lw": 0.8},
            )  # fmt: skip
            mode = paper["agreement_most_frequent"]["10"][group]
            axis.plot(mode + offset, 0.005, "v", color="black", ms=4, mfc="white")
        axis.plot([], [], "v", color="black", ms=4, mfc="white", label="the paper's mode")
        axis.plot(mean.index, mean["chance"], "o--", color=CHANCE, ms=3, lw=1, label="chance")
        top = float((mean + sd)[["normal", "novel"]].to_numpy().max())
        axis.set(
            xlabel="top-10 agreement (pixels)",
            ylabel="share of images",
            xticks=mean.index,
            ylim=(0, 1.15 * top),
        )
        axis.legend()
    return figure


def difference_figure(learning_rates: pd.DataFrame, networks: pd.DataFrame) -> Figure:
    """How much less novel images agree: over training, and over what explains it.

    Args:
        learning_rates: Rows of `metrics/trajectory.csv` with the run's learning rate.
        networks: As `AgreementStudies.networks` returns it.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 3.0))
        left, right = figure.subplots(1, 2, sharey=True)
        _difference_over_training(left, learning_rates)
        right.scatter(
            networks["novel_indirect_share"] - networks["normal_indirect_share"],
            networks["normal_minus_novel_agreement"],
            s=14,
            facecolors="none",
            edgecolors="black",
        )
        right.set(xlabel="share of the indirect term, novel − normal")
        for axis in (left, right):
            axis.axhline(0, color="black", lw=0.6)
        right.axvline(0, color="black", lw=0.6)
    return figure


def _difference_over_training(axis: Axes, learning_rates: pd.DataFrame) -> None:
    """A line a learning rate, at the epochs that every run has, with its 95% band."""
    rates = learning_rates.groupby("train.learning_rate")
    everywhere = learning_rates.groupby("epoch")["run"].nunique() == len(rates)
    epochs = everywhere.index[everywhere].tolist()
    colors = colormaps["viridis"](np.linspace(0, 0.9, len(rates)))
    name = "normal_minus_novel_agreement"
    for color, (rate, rows) in zip(colors, rates, strict=True):
        run = rows[rows["epoch"].isin(epochs)]
        axis.plot(run["epoch"], run[name], "o-", ms=3, lw=1.2, color=color, label=f"{rate:g}")
        axis.fill_between(
            run["epoch"], run[f"{name}_low"], run[f"{name}_high"], color=color, alpha=0.25, lw=0
        )
    axis.set(xscale="log", xlabel="epoch", xticks=epochs)
    axis.set_xticklabels(epochs)
    axis.minorticks_off()
    axis.set(ylabel="agreement, normal − novel (pixels)")
    axis.legend(title="learning rate", ncols=3, fontsize=8, loc="upper right")
    axis.set_ylim(top=2.5)


def share_and_agreement(networks: pd.DataFrame) -> Figure:
    """Mean agreement over mean share of the indirect term; a point a network and kind of image.

    Args:
        networks: As `AgreementStudies.networks` returns it.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 3.0))
        left, right = figure.subplots(1, 2, sharey=True)
        for axis, measure, label in (
            (left, "indirect_share", "mean share of the indirect term"),
            (right, "gradient_error_cosine", "mean cosine of gradient and error"),
        ):
            for group, color in (("normal", NORMAL), ("novel", NOVEL)):
                axis.scatter(
                    networks[f"{group}_{measure}"],
                    networks[f"{group}_agreement"],
                    s=14,
                    facecolors="none",
                    edgecolors=color,
                    label=group,
                )
            axis.set(xlabel=label)
        left.set(ylabel="mean top-10 agreement (pixels)", ylim=(0, 10))
        right.legend(loc="lower right")
    return figure


def role_figure(by_class: pd.DataFrame) -> Figure:
    """Agreement of each digit, normal and novel, after the mean of its run is taken out.

    Args:
        by_class: Columns run, label, novel, agreement.
    """
    table = by_class.assign(
        centred=by_class["agreement"] - by_class.groupby("run")["agreement"].transform("mean")
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 2.9))
        axis = figure.subplots()
        for novel, (group, color) in enumerate((("normal", NORMAL), ("novel", NOVEL))):
            values = table[table["novel"] == novel].groupby("label")["centred"]
            half = values.sem() * stats.t.ppf(0.975, np.maximum(values.count() - 1, 1))
            axis.errorbar(
                values.mean().index + 0.12 * (2 * novel - 1),
                values.mean(),
                half,
                fmt="o",
                ms=4,
                lw=1.2,
                color=color,
                label=group,
            )
        axis.axhline(0, color="black", lw=0.6)
        axis.set(
            xlabel="digit",
            ylabel="agreement, run mean taken out",
            xticks=sorted(table["label"].unique()),
        )
        axis.legend()
    return figure
