"""Stage `representation_embed`: what each network says of every image."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.representation import RepresentationParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import nn

    from novelty_maps.pipeline.rows import Images


def main(
    classifier: Annotated[
        ClassifierParams, reads("device", as_made=("backbone", "seed", "variants"))
    ],
    representation: Annotated[RepresentationParams, reads("others")],
    detectors: DetectorsParams,
) -> None:
    """Embed the images with the classifiers, autoencoder, untrained and frozen network."""
    from novelty_maps.machine import runtime

    runtime.prepare()

    from novelty_maps.classifiers.plain import classes_seen
    from novelty_maps.machine.devices import select_device
    from novelty_maps.pipeline.parts import load_part, load_rows
    from novelty_maps.representation.embedders import (
        embedded_parts,
        embedders,
        logits_origin,
        samples_of,
    )
    from novelty_maps.representation.files import origin_path, samples_path

    device = select_device(classifier.device)
    tasks = embedded_parts(classifier, representation.others)
    images = {
        part: load_part(part, novel=part != "train")[0]
        for part in dict.fromkeys(part for _, part in tasks)
    }
    networks = embedders(
        classifier,
        representation.others,
        detectors,
        image_shape=tuple(images["test"].shape[1:]),
        classes=classes_seen(load_rows("train")),
    )
    kept = _embedded(networks, images, tasks, device)
    for name, network in networks.items():
        if (origin := logits_origin(network)) is not None:
            kept[origin_path(name)] = origin
    kept |= {samples_path(name): samples for name, samples in samples_of(networks).items()}
    _replace(kept)


def _embedded(
    networks: "dict[str, nn.Module]",
    images: "Mapping[str, Images]",
    tasks: Sequence[tuple[str, str]],
    device: "torch.device",
) -> "dict[Path, NDArray[Any]]":
    """The outputs of each network for the images of each part, by their paths."""
    from tqdm import tqdm

    from novelty_maps.networks.outputs import embed
    from novelty_maps.representation.files import embedding_path

    kept = {}
    total = sum(len(images[part]) for _, part in tasks)
    with tqdm(total=total, unit="img", mininterval=0.5) as bar:
        for name, part in tasks:
            outputs = embed(
                networks[name], images[part], batch_size=256, device=device, on_batch=bar.update
            )
            for output, values in outputs.items():
                kept[embedding_path(name, part, output)] = values
    return kept


def _replace(kept: "dict[Path, NDArray[Any]]") -> None:
    """Write these arrays in the place of all that there are."""
    from novelty_maps.pipeline import atomic
    from novelty_maps.pipeline.arrays import write_array
    from novelty_maps.representation.files import EMBEDDINGS

    with atomic.written_together():
        for path, values in kept.items():
            write_array(path, values)
    atomic.remove_others(EMBEDDINGS, kept)


if __name__ == "__main__":
    run(from_sections(main))
