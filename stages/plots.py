"""Stage `plots`: the figures as .png, and the tables behind the histograms for `dvc plots`."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, Dpi, ParamsFile, run

EXPLANATIONS = {
    "indirect_share": "share of the indirect term",
    "gradient_error_cosine": "cosine of gradient and error",
}


def main(
    examples: Annotated[
        int | None, typer.Option(help="Normal and novel rows in the figure of maps.")
    ] = None,
    colormap: Annotated[
        str | None, typer.Option(help="matplotlib colour map of one-channel images.")
    ] = None,
    dpi: Dpi = None,
    seed: Annotated[int | None, typer.Option(help="Seed that draws the examples.")] = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Draw Figures 1 and 2 of the paper, agreement over K and training, and what explains it."""
    import numpy as np

    from stages.lib import agreement, artifacts, figures, histograms, training_figures
    from stages.lib.images import load_maps, load_part
    from stages.lib.params import load_params

    given = {"examples": examples, "colormap": colormap, "dpi": dpi, "seed": seed}
    settings = load_params(params, plots=given).plots
    figures.require_colormap(settings.colormap)
    images, rows = load_part("test")
    chosen = histograms.draw_examples(
        rows["novel"].to_numpy() == 1,
        count=settings.examples,
        generator=np.random.default_rng(settings.seed),
    )
    maps = {
        name: values[chosen]
        for name, values in load_maps(("reconstruction_error", "saliency"), images).items()
    }
    reconstruction = artifacts.read_array(
        paths.map_path("reconstruction"), shape=images.shape, dtype=np.float32, made_by="maps"
    )[chosen]
    per_image = artifacts.read_table(
        paths.PER_IMAGE,
        columns=["max_distance_saliency_to_error", *EXPLANATIONS],
        integers=["novel", "agreement"],
        made_by="metrics",
    )
    k = artifacts.read_json(paths.AGREEMENT_METRICS, keys=["k"], made_by="metrics")["k"]
    by_k = artifacts.read_table(paths.AGREEMENT_BY_K, columns=["k"], made_by="metrics")
    history = artifacts.read_table(
        paths.TRAINING_CURVE, columns=["epoch", "validation_loss"], made_by="train"
    )
    along_training = artifacts.read_table(
        paths.TRAJECTORY, columns=["normal_agreement"], integers=["epoch"], made_by="trajectory"
    )
    agreements = histograms.agreement_histogram(per_image, k=k, pixels=len(by_k))
    distances = histograms.distance_histogram(per_image)
    saliency = agreement.scaled_map(maps["saliency"])
    pngs = {
        "maps": figures.maps_figure(
            {
                "input": histograms.for_display(images[chosen] / 255),
                "reconstruction": histograms.for_display(reconstruction),
                "saliency": saliency,
                "squared saliency": saliency**2,
                "recon. error": agreement.scaled_map(maps["reconstruction_error"]),
            },
            {
                "reconstruction error": agreement.top_pixels(maps["reconstruction_error"], k),
                "saliency": agreement.top_pixels(maps["saliency"], k),
            },
            labels=rows["label"].iloc[chosen].tolist(),
            novel=(rows["novel"].iloc[chosen] == 1).tolist(),
            colormap=settings.colormap,
        ),
        "agreement": figures.agreement_figure(agreements),
        "agreement_by_k": figures.agreement_by_k_figure(by_k, k=k),
        "training": training_figures.training_figure(
            history, best_epoch=int(history["epoch"].iloc[history["validation_loss"].argmin()])
        ),
        "trajectory": training_figures.trajectory_figure({"": along_training}, k=k),
        "explanation": figures.explanation_figure(
            {
                label: histograms.agreement_by_decile(per_image, measure)
                for measure, label in EXPLANATIONS.items()
            },
            k=k,
        ),
        "distances": figures.distances_figure(distances, by_k, k=k),
    }
    with artifacts.written_together():
        artifacts.write_table(paths.AGREEMENT_HISTOGRAM, agreements)
        artifacts.write_table(paths.PLOTS / "distance_histogram.csv", distances)
        for name, figure in pngs.items():
            artifacts.write_figure(paths.PLOTS / f"{name}.png", figure, dpi=settings.dpi)


if __name__ == "__main__":
    run(main)
