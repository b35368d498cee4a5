"""Stage `localization_plots`: figures of what maps find, and of how faithful they are."""

from typing import TYPE_CHECKING, Annotated

from novelty_maps.params.plots import PlotsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from novelty_maps.planting.planted import Planted


def main(plots: Annotated[PlotsParams, reads("colormap", "dpi", "seed")]) -> None:
    """Draw planted novelties, how well maps find them, and deletion, insertion, randomization."""
    from novelty_maps.faithfulness.files import read_faithfulness, read_randomization
    from novelty_maps.figures import faithfulness, localization
    from novelty_maps.figures.colormaps import require_colormap
    from novelty_maps.figures.planted import contact_sheet
    from novelty_maps.figures.shown import shown_methods
    from novelty_maps.localization.files import LOCALIZATION_PLOTS, read_localization
    from novelty_maps.pipeline import formats
    from novelty_maps.planting.planted import load_planted

    require_colormap(plots.colormap)
    table = read_localization()
    planted = load_planted("test")
    shown = shown_methods(table)
    figures = {
        "planted": contact_sheet(planted),
        "localization": localization.kinds_figure(table, shown),
        "localization_gain": localization.gain_figure(table),
        "localization_maps": _examples(planted, table, plots),
        "localization_missed": _missed(planted, shown, plots.colormap),
        "localization_size": localization.size_figure(table, shown),
        "randomization": faithfulness.randomization_figure(read_randomization()),
        "deletion": faithfulness.deletion_figure(read_faithfulness()),
    }
    formats.write_figures(LOCALIZATION_PLOTS, figures, dpi=plots.dpi)


def _examples(planted: "Planted", table: "pd.DataFrame", plots: PlotsParams) -> "Figure":
    """One image of each kind, and all maps of it."""
    import numpy as np

    from novelty_maps.figures.examples import for_display
    from novelty_maps.figures.localization import maps_figure
    from novelty_maps.figures.shown import drawn_of_each_kind, over_all
    from novelty_maps.localization.files import load_planted_map
    from novelty_maps.maps.names import PERFECT
    from novelty_maps.maps.ranking import scaled_map

    rows = drawn_of_each_kind(planted.table, generator=np.random.default_rng(plots.seed))
    return maps_figure(
        {
            "before": for_display(planted.before[rows] / 255),
            "planted": for_display(planted.after[rows] / 255),
            "mask": planted.mask[rows].astype(np.float64),
        },
        {
            method: scaled_map(np.abs(load_planted_map("test", "after", method, planted)[rows]))
            for method in over_all(table)["method"]
            if method != PERFECT
        },
        kinds=planted.table["kind"].iloc[rows].tolist(),
        colormap=plots.colormap,
    )


def _missed(planted: "Planted", shown: list[str], colormap: str) -> "Figure":
    """The images that each of the shown maps misses most, and all shown maps of them."""
    import numpy as np

    from novelty_maps.figures.examples import for_display
    from novelty_maps.figures.localization import maps_figure
    from novelty_maps.figures.shown import most_missed
    from novelty_maps.localization.files import load_planted_map, read_localized_images
    from novelty_maps.maps.names import short_name
    from novelty_maps.maps.ranking import scaled_map

    missed = most_missed(read_localized_images(), planted.table, shown)
    rows = [row for _, row in missed]
    return maps_figure(
        {
            "image": for_display(planted.after[rows] / 255),
            "mask": planted.mask[rows].astype(np.float64),
        },
        {
            method: scaled_map(np.abs(load_planted_map("test", "after", method, planted)[rows]))
            for method in shown
        },
        kinds=[f"{short_name(method)} misses" for method, _ in missed],
        colormap=colormap,
    )


if __name__ == "__main__":
    run(from_sections(main))
