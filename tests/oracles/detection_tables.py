"""A table as `metrics/detection.csv`: no two numbers that a figure could swap are alike."""

import numpy as np
import pandas as pd
from matplotlib.container import ErrorbarContainer

HYBRID = '{"reconstruction_weight": %s}'


def rows(representation, objective, settings="{}", *, auroc=0.8, sees_novel=False):
    """The detectors of one representation, on two novel classes."""
    entries = [
        ("max_logit", "none", "all", auroc),
        ("energy", "none", "all", auroc - 0.1),
        ("nearest_neighbours", "none", "all", auroc + 0.04),
        ("forest", "all", "all", auroc + 0.1),
        ("linear", "all", "all", auroc + 0.05),
        ("forest", "5", "all", auroc - 0.2),
        ("linear", "5", "all", auroc - 0.25),
        ("mlp", "all", "all", auroc + 0.07),
        ("mlp", "5", "all", auroc - 0.22),
        ("forest", "all", "7", auroc + 0.11),
        ("forest", "all", "8", auroc + 0.09),
        ("forest", "other classes", "7", auroc - 0.31),
        ("forest", "other classes", "8", auroc - 0.29),
    ]
    table = pd.DataFrame(entries, columns=["detector", "labels", "novel_class", "auroc"])
    if sees_novel:
        table = table[table["labels"] != "none"]
    table["auroc_low"], table["auroc_high"] = table["auroc"] - 0.03, table["auroc"] + 0.01
    table["draws"] = np.where(table["labels"] == "5", 3, 1)
    table["auroc_draws_sd"] = np.where(table["labels"] == "5", 0.02, np.nan)
    table["oracle"] = ((table["labels"] != "none") | sees_novel).astype(int)
    return table.assign(representation=representation, objective=objective, settings=settings)


TABLE = pd.concat(
    [
        rows("nominal", "nominal", auroc=0.7),
        rows("all_classes", "all_classes", auroc=0.85, sees_novel=True),
        rows("hybrid", "hybrid", HYBRID % 0.9),
        rows("summed", "hybrid", HYBRID % 32.0, auroc=0.6),
        rows("hybrid_ensemble", "ensemble", HYBRID % 0.9, auroc=0.5),
    ]
)


def points(axis):
    """Label to x and y of every error bar plot."""
    return {
        container.get_label(): container[0].get_data()
        for container in axis.containers
        if isinstance(container, ErrorbarContainer)
    }


def ends(container):
    """The lower and upper end of each error bar, along the axis that they lie on; NaN of none."""
    bars = [segment for lines in container[2] for segment in lines.get_segments()]
    known = next((bar for bar in bars if len(bar)), [(0, 0), (0, 0)])
    along = 0 if known[0][0] != known[1][0] else 1
    return [(bar[0][along], bar[1][along]) if len(bar) else (np.nan, np.nan) for bar in bars]
