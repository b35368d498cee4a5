"""The autoencoders that `train.network` names, one line each.

Another one is a class in a file of its own, a line here, and its name in params.py.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from stages.lib import batch_norm, lsa, networks, training
from stages.lib.dense import DenseAutoencoder
from stages.lib.errors import InputError
from stages.lib.fully_convolutional import FullyConvolutionalAutoencoder
from stages.lib.lsa import LsaAutoencoder
from stages.lib.networks import Autoencoder, description_of, load_weights
from stages.lib.principal_components import PrincipalComponents
from stages.lib.variational import VariationalAutoencoder

AUTOENCODERS: dict[str, type[Autoencoder]] = {
    "lsa": LsaAutoencoder,
    "dense": DenseAutoencoder,
    "fully_convolutional": FullyConvolutionalAutoencoder,
    "vae": VariationalAutoencoder,
    "pca": PrincipalComponents,
}


def seeded_autoencoder(
    seed: int,
    *,
    network: str = "lsa",
    image_shape: tuple[int, ...] = (1, 28, 28),
    code_length: int = 64,
) -> Autoencoder:
    """A freshly initialised autoencoder; the global random state is left as it was.

    Args:
        seed: Seed of the weights.
        network: One of `AUTOENCODERS`.
        image_shape: (C, H, W) of the images.
        code_length: Length of the latent code.

    Raises:
        InputError: The network does not go with this shape or code length.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return AUTOENCODERS[network](image_shape=image_shape, code_length=code_length)


def autoencoder_of(weights: Mapping[str, Any], *, source: str) -> Autoencoder:
    """The autoencoder that a state dict of the `train` stage belongs to, in evaluation mode.

    Raises:
        InputError: The weights belong to another network, or do not say to which.
    """
    try:
        description = dict(description_of(weights) or {})
        kind = AUTOENCODERS[description.pop("network")]
        shape = tuple(int(length) for length in description.pop("image_shape"))
        network = kind(image_shape=shape, **description)
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{source} holds the weights of another network, none of {', '.join(AUTOENCODERS)}:"
            " train again with `python -m stages.train`, or give it that file as"
            " --from-checkpoint"
        ) from None
    load_weights(network, weights, source=source)
    return network.eval()


def source_files(network: str) -> list[Path]:
    """The source files that decide how an autoencoder is trained."""
    own = sys.modules[AUTOENCODERS[network].__module__]
    modules = dict.fromkeys((networks, lsa, training, batch_norm, own))
    return [Path(str(module.__file__)) for module in modules]


def require_images(network: Autoencoder, shape: tuple[int, ...], *, source: str) -> None:
    """Raise InputError unless the network takes images of shape (C, H, W)."""
    if shape != network.image_shape:
        raise InputError(
            f"{source} takes images of shape {network.image_shape}, but the images are {shape}:"
            " train again with `python -m stages.train`"
        )
