"""The autoencoder that the `train` stage has left, as the stages after it read it."""

from pathlib import Path

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.autoencoders.files import AUTOENCODER, epoch_path
from novelty_maps.autoencoders.registry import autoencoder_of, require_images
from novelty_maps.pipeline import formats


def load_autoencoder(
    image_shape: tuple[int, ...] | None,
    path: Path = AUTOENCODER,
    *,
    remedy: str = "train again with `dvc repro train`",
) -> Autoencoder:
    """The autoencoder in evaluation mode.

    Args:
        image_shape: (C, H, W) of the images that it must take, None for any.
        path: File of its weights.
        remedy: What to do if it can't be read.

    Raises:
        InputError: The file is missing or damaged, or belongs to another network or other images.
    """
    weights = formats.read_torch(path, remedy=remedy)
    network = autoencoder_of(weights, source=str(path))
    if image_shape is not None:
        require_images(network, image_shape, source=str(path))
    return network


def load_epoch(image_shape: tuple[int, ...], epoch: int | None) -> Autoencoder:
    """The autoencoder after an epoch of `train.keep_epochs`, None for the best epoch.

    Raises:
        InputError: As of `load_autoencoder`; training may have stopped before the epoch.
    """
    return load_autoencoder(image_shape, AUTOENCODER if epoch is None else epoch_path(epoch))
