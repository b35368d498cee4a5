"""Figures of docs/localization.md: means over seeds, and several networks in one picture."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from novelty_maps.figures import faithfulness, localization
from novelty_maps.figures.shown import shown_methods
from novelty_maps.figures.style import STYLE, error_lengths, line_look
from studies.authors import MAIN
from studies.localization import LocalizationStudy

NAMES = {
    "dense": "dense",
    "fully_convolutional": "fully convolutional",
    "vae": "VAE",
    "pca": "PCA",
}

_METHODS = (
    "reconstruction_error",
    "absolute_error",
    "saliency",
    "input_x_gradient",
    "input_magnitude",
)


def localization_figures(study: LocalizationStudy, others: LocalizationStudy) -> dict[str, Figure]:
    """Name to figure.

    Args:
        study: That of the authors' networks.
        others: That of other networks than the paper's.
    """
    table = study.table(MAIN)
    shown = shown_methods(table)
    return {
        "localization": localization.kinds_figure(table, shown),
        "localization_gain": localization.gain_figure(table),
        "localization_size": localization.size_figure(table, shown),
        "localization_networks": network_figure(others),
        "randomization": faithfulness.randomization_figure(study.randomization(MAIN)),
    }


def network_figure(study: LocalizationStudy) -> Figure:
    """Average precision and AUPRO of some maps on every network, with 95% intervals."""
    networks = study.networks()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 0.42 * len(networks) + 1.2))
        panels = figure.subplots(1, 2, sharey=True)
        for axis, (measure, label) in zip(
            panels,
            (("average_precision", "average precision"), ("aupro", "AUPRO")),
            strict=True,
        ):
            for place, method in enumerate(_METHODS):
                offset = 0.13 * (place - (len(_METHODS) - 1) / 2)
                rows = pd.DataFrame([study.row(network, method) for network in networks])
                axis.errorbar(
                    rows[measure],
                    [row + offset for row in range(len(networks))],
                    xerr=error_lengths(rows, measure),
                    **{**line_look(method), "ls": "none", "ms": 4, "lw": 1},
                )
            axis.set(xlabel=label)
            axis.set_xlim(right=min(1.0, axis.get_xlim()[1]))  # an interval may go beyond
        panels[0].set_yticks(range(len(networks)), [NAMES.get(name, name) for name in networks])
        panels[0].invert_yaxis()
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(_METHODS)
        )
    return figure
