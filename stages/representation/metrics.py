"""Stage `representation_metrics`: what is known of novelty, beside what scores extract of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.representation import RepresentationParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    from novelty_maps.representation.representations import Representation


def main(
    representation: RepresentationParams,
    classifier: Annotated[ClassifierParams, reads(as_made=("seed", "variants"))],
) -> None:
    """Score the test images with every detector on every representation, and measure it."""
    import pandas as pd
    from tqdm import tqdm

    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.pipeline.parts import load_part
    from novelty_maps.representation import files
    from novelty_maps.representation.catalogue import every_representation, with_training
    from novelty_maps.representation.examine import at_a_glance, examine, headline, score_table

    images, rows = {}, {}
    for part in ("train", "validation", "test"):
        images[part], rows[part] = load_part(part, novel=part != "train")
    available = int(rows["validation"]["novel"].sum())
    counts = [count for count in representation.labelled_anomalies if count <= available]
    if counts != representation.labelled_anomalies:
        print(f"the validation part has {available} anomalies: oracles see {counts} and all")
    examined = list(every_representation(classifier, images, rows, others=representation.others))
    _tell_of_undefined(examined)
    results = {
        each.name: examine(
            each,
            rows["validation"],
            rows["test"],
            trees=representation.trees,
            labelled_anomalies=counts,
            draws=representation.draws,
            held_out_classes=representation.held_out_classes,
        )
        for each in tqdm(examined, unit="representation")
    }
    table = with_training(pd.concat(result.table for result in results.values()), classifier)
    with atomic.written_together():
        formats.write_table(files.SCORES, score_table(rows["test"], results))
        formats.write_table(files.DETECTION, table)
        formats.write_json(files.DETECTION_METRICS, headline(results))
        formats.write_json(files.DETECTION_GLANCE, at_a_glance(table))


def _tell_of_undefined(examined: "Sequence[Representation]") -> None:
    for each in examined:
        for name in each.undefined:
            print(f"{each.name} has no score {name}: not finite, train longer or on more images")


if __name__ == "__main__":
    run(from_sections(main))
