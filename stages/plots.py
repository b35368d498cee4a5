"""Stage `plots`: the figures of agreement as .png."""

from typing import TYPE_CHECKING

from novelty_maps.params.plots import PlotsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def main(plots: PlotsParams) -> None:
    """Draw Figures 1 and 2 of the paper, agreement over K and training, and what explains it."""
    from novelty_maps.agreement import files
    from novelty_maps.agreement.histograms import agreement_by_decile
    from novelty_maps.agreement.terms import MEASURES
    from novelty_maps.figures import agreement, training
    from novelty_maps.figures.colormaps import require_colormap
    from novelty_maps.pipeline import formats
    from novelty_maps.training.files import read_training_curve, read_training_metrics

    require_colormap(plots.colormap)
    per_image, by_k, k = files.read_per_image(), files.read_by_k(), files.read_headline_k()
    deciles = {measure: agreement_by_decile(per_image, measure) for measure in MEASURES}
    figures = {
        "maps": _maps_figure(plots, k=k),
        "agreement": agreement.agreement_figure(files.read_agreement_histogram()),
        "agreement_by_k": agreement.agreement_by_k_figure(by_k, k=k),
        "training": training.training_figure(
            read_training_curve(), best_epoch=read_training_metrics()["best_epoch"]
        ),
        "trajectory": training.one_run_figure(files.read_trajectory(), k=k),
        "explanation": agreement.explanation_figure(deciles, k=k),
        "distances": agreement.distances_figure(files.read_distance_histogram(), by_k, k=k),
    }
    formats.write_figures(files.AGREEMENT_PLOTS, figures, dpi=plots.dpi)


def _maps_figure(plots: PlotsParams, *, k: int) -> "Figure":
    import numpy as np

    from novelty_maps.figures import examples
    from novelty_maps.maps.files import load_maps, load_reconstructions
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.parts import load_part
    from novelty_maps.pipeline.paths import RAW_PROVENANCE

    images, rows = load_part("test")
    chosen = examples.draw_examples(
        rows["novel"].to_numpy() == 1,
        count=plots.examples,
        generator=np.random.default_rng(plots.seed),
    )
    maps = load_maps(examples.MARKED_MAPS, (len(images), *images.shape[2:]))
    shown = {name: values[chosen] for name, values in maps.items()}
    columns = examples.shown_columns(
        images[chosen], load_reconstructions(images.shape)[chosen], shown
    )
    record = formats.read_json(RAW_PROVENANCE, keys=["classes"], made_by="fetch")
    return examples.maps_figure(
        columns,
        shown,
        rows.iloc[chosen],
        classes=record["classes"],
        k=k,
        colormap=plots.colormap,
    )


if __name__ == "__main__":
    run(from_sections(main))
