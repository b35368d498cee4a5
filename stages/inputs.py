"""Stage `inputs`: what lies outside, by which DVC sees a change there.

It runs at every `dvc repro`. What reads own images, the data sets in DATASETS_ROOT, published
weights or devices depends on its outputs, which are the same as long as those are.
"""

from typing import Annotated

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(
    data: DataParams,
    train: Annotated[TrainParams, reads("from_checkpoint", "device", "processes")],
    maps: Annotated[MapsParams, reads("device")],
    classifier: Annotated[ClassifierParams, reads("device", "processes")],
    detectors: Annotated[DetectorsParams, reads("weights")],
) -> None:
    """Write the checksums of the data set's files and of both weights; null for what is missing.

    A file is read again only if its size or its times have changed. How many CUDA devices
    there are is looked at only where a setting asks for one or for several; null otherwise.
    """
    from novelty_maps.images.layouts import source_digest
    from novelty_maps.pipeline.outside import weights_digest, write_found
    from novelty_maps.pipeline.paths import (
        INPUT_CHECKPOINT,
        INPUT_DATA,
        INPUT_DETECTORS,
        INPUT_DEVICES,
    )

    asked = "cuda" in (train.device, maps.device, classifier.device)
    asked |= max(train.processes, classifier.processes) > 1
    write_found(INPUT_DATA, sha256=source_digest(data))
    write_found(INPUT_CHECKPOINT, sha256=weights_digest(train.from_checkpoint))
    write_found(INPUT_DETECTORS, sha256=weights_digest(detectors.weights))
    write_found(INPUT_DEVICES, cuda=_cuda_devices() if asked else None)


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()


if __name__ == "__main__":
    run(from_sections(main))
