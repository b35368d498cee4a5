"""Stage `representation_plots`: the figures of what representations know about novelty."""

from typing import Annotated

from novelty_maps.params.plots import PlotsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(plots: Annotated[PlotsParams, reads("dpi")]) -> None:
    """Draw bars, ROC, AUROC over λ, labels and epochs, held-out classes, and samples."""
    from novelty_maps.figures import oracles, representation
    from novelty_maps.figures.along_training import along_training_figure
    from novelty_maps.figures.samples import samples_figure
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.paths import RAW_PROVENANCE
    from novelty_maps.representation.files import (
        REPRESENTATION_PLOTS,
        read_detection,
        read_detection_by_epoch,
        read_samples,
        read_scores,
    )

    table = read_detection()
    record = formats.read_json(RAW_PROVENANCE, keys=["classes"], made_by="fetch")
    figures = {
        "representations": representation.representation_figure(table),
        "roc": representation.roc_figure(read_scores(), table),
        "reconstruction_weight": representation.reconstruction_weight_figure(table),
        "labelled_anomalies": oracles.labelled_anomalies_figure(
            table, anomalies=_labelled_anomalies()
        ),
        "held_out_classes": oracles.held_out_figure(table, classes=record["classes"]),
    }
    if len(by_epoch := read_detection_by_epoch()):
        figures["along_training"] = along_training_figure(by_epoch)
    if samples := read_samples():
        figures["samples"] = samples_figure(samples)
    formats.write_figures(REPRESENTATION_PLOTS, figures, dpi=plots.dpi)


def _labelled_anomalies() -> int:
    """Novel images of the validation part, whose labels an oracle is given at most."""
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.paths import SPLIT

    rows = formats.read_table(SPLIT, columns=["part"], integers=["novel"], made_by="split")
    return int(rows.loc[rows["part"] == "validation", "novel"].sum())


if __name__ == "__main__":
    run(from_sections(main))
