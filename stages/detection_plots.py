"""Stage `detection_plots`: the figures of what representations know about novelty."""

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, Dpi, ParamsFile, run


def main(
    dpi: Dpi = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Draw bar chart, ROC curves, AUROC over λ and labelled anomalies, and held-out classes."""
    from stages.lib import artifacts, detection_figures
    from stages.lib.params import load_params

    settings = load_params(params, plots={"dpi": dpi}).plots
    table = artifacts.read_table(
        paths.DETECTION,
        columns=[
            "representation",
            "objective",
            "settings",
            "detector",
            "labels",
            "novel_class",
            "auroc",
            "auroc_low",
            "auroc_high",
        ],
        integers=["oracle"],
        made_by="detect",
    )
    split = artifacts.read_table(paths.SPLIT, columns=["part"], integers=["novel"], made_by="split")
    scores = artifacts.read_table(
        paths.SCORES, columns=[], integers=["row", "label", "novel"], made_by="detect"
    )
    provenance = artifacts.read_json(
        paths.RAW_PROVENANCE, keys=["channels", "image_size"], made_by="fetch"
    )
    anomalies = int(split.loc[split["part"] == "validation", "novel"].sum())
    figures = {
        "representations": detection_figures.representation_figure(table),
        "roc": detection_figures.roc_figure(scores, table),
        "reconstruction_weight": detection_figures.reconstruction_weight_figure(
            table, values=provenance["channels"] * provenance["image_size"] ** 2
        ),
        "labelled_anomalies": detection_figures.labelled_anomalies_figure(
            table, anomalies=anomalies
        ),
        "held_out_classes": detection_figures.held_out_figure(table),
    }
    with artifacts.written_together():
        for name, figure in figures.items():
            artifacts.write_figure(paths.PLOTS / f"{name}.png", figure, dpi=settings.dpi)


if __name__ == "__main__":
    run(main)
