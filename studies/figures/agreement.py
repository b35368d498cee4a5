"""Figures of docs/agreement.md: several runs of the pipeline in one picture."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from novelty_maps.figures.style import NORMAL, NOVEL, STYLE


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
