"""The autoencoder that the `train` stage has left, as the stages after it read it."""

from pathlib import Path

from stages.lib import artifacts, paths
from stages.lib.autoencoders import autoencoder_of, require_images
from stages.lib.networks import Autoencoder


def load_autoencoder(
    image_shape: tuple[int, ...] | None, path: Path = paths.AUTOENCODER
) -> Autoencoder:
    """The autoencoder in evaluation mode.

    Args:
        image_shape: (C, H, W) of the images that it must take, None for any.
        path: File of its weights.

    Raises:
        InputError: The file is missing or damaged, or belongs to another network or other images.
    """
    weights = artifacts.read_torch(path, remedy="train again with `dvc repro train`")
    network = autoencoder_of(weights, source=str(path))
    if image_shape is not None:
        require_images(network, image_shape, source=str(path))
    return network
