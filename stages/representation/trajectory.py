"""Stage `representation_trajectory`: what classifiers know of novelty as they are trained."""

from typing import Annotated

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.representation import RepresentationParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(
    classifier: Annotated[
        ClassifierParams, reads("device", as_made=("backbone", "keep_epochs", "seed", "variants"))
    ],
    representation: Annotated[RepresentationParams, reads("trees")],
) -> None:
    """Examine the classifiers after each epoch whose weights were kept."""
    import pandas as pd

    from novelty_maps.pipeline import formats
    from novelty_maps.representation import files

    if not classifier.keep_epochs:  # the usual case, which need not wait for PyTorch
        formats.write_table(files.DETECTION_BY_EPOCH, pd.DataFrame(columns=files.BY_EPOCH))
        return

    from novelty_maps.machine import runtime

    runtime.prepare()

    from tqdm import tqdm

    from novelty_maps.machine.devices import select_device
    from novelty_maps.pipeline.parts import load_part, load_rows
    from novelty_maps.representation.along_training import PARTS, examine_kept

    device = select_device(classifier.device)
    images, rows = {}, {"train": load_rows("train")}
    for part in PARTS:
        images[part], rows[part] = load_part(part)
    tables = []
    total = len(classifier.variants) * len(classifier.keep_epochs)
    with tqdm(total=total, unit="epoch") as bar:
        for name in classifier.variants:
            tables.append(
                examine_kept(
                    name,
                    classifier,
                    images,
                    rows,
                    trees=representation.trees,
                    device=device,
                    on_epoch=lambda epoch: bar.update(),
                )
            )
    formats.write_table(files.DETECTION_BY_EPOCH, pd.concat(tables))


if __name__ == "__main__":
    run(from_sections(main))
