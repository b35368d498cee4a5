"""Stage `inputs`: the checksums of what lies outside, by which DVC sees a change there.

It runs at every `dvc repro`. What reads own images, the data sets in DATASETS_ROOT or published
weights depends on its outputs, which are the same as long as the files are.
"""

from typing import Annotated

from novelty_maps.params.data import DataParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(data: DataParams, train: Annotated[TrainParams, reads("from_checkpoint")]) -> None:
    """Write the checksums of the data set's files and of the checkpoint; null for what is missing.

    A file is read again only if its size or its times have changed.
    """
    from novelty_maps.images.layouts import source_digest
    from novelty_maps.pipeline.outside import weights_digest, write_digest
    from novelty_maps.pipeline.paths import INPUT_CHECKPOINT, INPUT_DATA

    write_digest(INPUT_DATA, source_digest(data))
    write_digest(INPUT_CHECKPOINT, weights_digest(train.from_checkpoint))


if __name__ == "__main__":
    run(from_sections(main))
