"""Figure of what classifiers know about novelty as they are trained."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from novelty_maps.figures.representation import curve
from novelty_maps.figures.style import CHANCE, STYLE, in_words

_DETECTORS = {"max_logit": "#0072B2", "linear": "#E69F00", "forest": "#D55E00"}


def along_training_figure(table: pd.DataFrame) -> Figure:
    """AUROC of max logit, linear and forest oracle over epochs, a panel a network.

    Below each the accuracy on the classes that it is trained on, where it is a classifier of the
    normal ones.

    Args:
        table: As `along_training.examine_kept` returns it, of one network or more.
    """
    names = list(dict.fromkeys(table["representation"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.2 + 2.6 * len(names), 3.6))
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axis, name in zip(panels, names, strict=True):
            rows = table[table["representation"] == name]
            for detector, color in _DETECTORS.items():
                one = rows[rows["detector"] == detector]
                curve(axis, one["epoch"], one, color=color, label=in_words(detector))
            accuracy = rows.drop_duplicates("epoch")
            axis.plot(
                accuracy["epoch"],
                accuracy["closed_set_accuracy"],
                ls=":",
                color="black",
                label="accuracy on normal classes",
            )
            axis.axhline(0.5, color=CHANCE, lw=0.6, ls="--")
            axis.set(title=in_words(name), xlabel="epoch", xscale="log")
            epochs = sorted(set(rows["epoch"]))
            axis.set_xticks(epochs, [str(epoch) for epoch in epochs])
            axis.minorticks_off()
        panels[0].set(ylabel="AUROC, normal against novel")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure
