"""Stage `check_network`: tries the network, its checkpoint and the devices before anything runs.

It is the part of `check` that needs PyTorch. It reads no settings of metrics and plots, so that a
change of those does not wait for it. Its output never changes.
"""

from typing import TYPE_CHECKING, Annotated

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.representation import RepresentationParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    from novelty_maps.autoencoders.base import Autoencoder


def main(
    data: Annotated[DataParams, reads("name", "image_size")],
    train: TrainParams,
    maps: Annotated[MapsParams, reads("device", "methods")],
    localization: Annotated[LocalizationParams, reads("methods")],
    detectors: DetectorsParams,
    classifier: Annotated[ClassifierParams, reads("device", "processes")],
    representation: Annotated[RepresentationParams, reads("others")],
) -> None:
    """Check that the network goes with images, code length and checkpoint, by building it.

    The devices that are asked for must be there, the images enough to train on, and the frozen
    network, where detectors or representation ask for one, must have its weights.
    """
    from novelty_maps.images.survey import read_survey
    from novelty_maps.machine.devices import require_device, require_devices
    from novelty_maps.maps.names import DETECTORS
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.paths import NETWORK_CHECKED

    found = read_survey(data.name)
    for section, device in (
        ("train", train.device),
        ("maps", maps.device),
        ("classifier", classifier.device),
    ):
        require_device(device, key=f"{section}.device")
    require_devices(train.processes, train.device, key="train.processes")
    require_devices(classifier.processes, classifier.device, key="classifier.processes")
    network = fitting(train, (found.channels, data.image_size, data.image_size))
    _require_weights(train, network, images=found.normal["train"])
    imagenet = "imagenet" in representation.others
    if imagenet or {*DETECTORS} & {*maps.methods, *localization.methods}:
        from novelty_maps.detectors.imagenet import imagenet_network

        imagenet_network(detectors, whole=imagenet)
    formats.write_text(NETWORK_CHECKED, "The network goes with the images and the machine.\n")


def fitting(train: TrainParams, image_shape: tuple[int, int, int]) -> "Autoencoder":
    """The network that is asked for; InputError unless it takes images (C, H, W)."""
    from novelty_maps.autoencoders.registry import seeded_autoencoder

    return seeded_autoencoder(
        train.seed,
        network=train.network,
        image_shape=image_shape,
        code_length=train.code_length,
        loss=train.loss,
    )


def _require_weights(train: TrainParams, network: "Autoencoder", *, images: int) -> None:
    """Raise InputError unless so many normal images or the checkpoint give the network weights."""
    from novelty_maps.autoencoders.principal_components import PrincipalComponents
    from novelty_maps.networks.weights import load_published_weights
    from novelty_maps.training.loop import require_training_images

    if train.from_checkpoint is not None:
        load_published_weights(network, train.from_checkpoint)
    elif isinstance(network, PrincipalComponents):
        network.require_components(images)
    else:
        require_training_images(images, train.processes)


if __name__ == "__main__":
    run(from_sections(main))
