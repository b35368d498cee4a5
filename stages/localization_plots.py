"""Stage `localization_plots`: figures of what maps find, and of how faithful they are."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, Dpi, ParamsFile, run


def main(
    colormap: Annotated[
        str | None, typer.Option(help="matplotlib colour map of one-channel images.")
    ] = None,
    dpi: Dpi = None,
    seed: Annotated[int | None, typer.Option(help="Seed that draws the examples.")] = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Draw planted novelties, how well maps find them, and deletion, insertion, randomization."""
    import numpy as np

    from stages.lib import (
        artifacts,
        faithfulness_figures,
        figures,
        histograms,
        localization_figures,
        planted_figures,
        shown_maps,
    )
    from stages.lib.agreement import scaled_map
    from stages.lib.params import load_params
    from stages.lib.planted import load_planted, load_planted_map

    given = {"colormap": colormap, "dpi": dpi, "seed": seed}
    settings = load_params(params, plots=given).plots
    figures.require_colormap(settings.colormap)
    intervals = [
        f"{measure}{end}"
        for measure in ("average_precision", "aupro", "average_precision_gain", "aupro_gain")
        for end in ("", "_low", "_high")
    ]
    table = artifacts.read_table(
        paths.LOCALIZATION,
        columns=["grouping", "group", "method", *intervals],
        integers=["control"],
        made_by="localize",
    )
    faithfulness = artifacts.read_table(
        paths.FAITHFULNESS,
        columns=["method", "measure", "baseline", "area", "area_low", "area_high"],
        made_by="faithfulness",
    )
    randomization = artifacts.read_table(
        paths.RANDOMIZATION,
        columns=["step", "layer", "method", "spearman", "ssim", "average_precision"],
        made_by="faithfulness",
    )
    planted = load_planted("test")
    examples = shown_maps.drawn_of_each_kind(
        planted.table, generator=np.random.default_rng(settings.seed)
    )
    methods = [m for m in shown_maps.over_all(table)["method"] if m != shown_maps.PERFECT]
    maps = {
        method: scaled_map(np.abs(load_planted_map("test", "after", method, planted)[examples]))
        for method in methods
    }
    shown = shown_maps.shown_methods(table)
    pngs = {
        "planted": planted_figures.contact_sheet(planted),
        "localization": localization_figures.kinds_figure(table, shown),
        "localization_gain": localization_figures.gain_figure(table),
        "localization_maps": localization_figures.maps_figure(
            {
                "before": histograms.for_display(planted.before[examples] / 255),
                "planted": histograms.for_display(planted.after[examples] / 255),
                "mask": planted.mask[examples].astype(np.float64),
            },
            maps,
            kinds=planted.table["kind"].iloc[examples].tolist(),
            colormap=settings.colormap,
        ),
        "localization_size": localization_figures.size_figure(table, shown),
        "randomization": faithfulness_figures.randomization_figure(randomization),
        "deletion": faithfulness_figures.deletion_figure(faithfulness),
    }
    with artifacts.written_together():
        for name, figure in pngs.items():
            artifacts.write_figure(paths.PLOTS / f"{name}.png", figure, dpi=settings.dpi)


if __name__ == "__main__":
    run(main)
