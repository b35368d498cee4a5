"""The autoencoders that `train.network` names, one line each.

Another one is a class in a file of its own, a line here, and its name in `params.train`.
"""

from collections.abc import Mapping
from typing import Any

import torch

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.autoencoders.bergmann import BergmannAutoencoder
from novelty_maps.autoencoders.dense import DenseAutoencoder
from novelty_maps.autoencoders.fully_convolutional import FullyConvolutionalAutoencoder
from novelty_maps.autoencoders.lsa import LsaAutoencoder
from novelty_maps.autoencoders.principal_components import PrincipalComponents
from novelty_maps.autoencoders.variational import VariationalAutoencoder
from novelty_maps.networks.losses import DEVIATIONS
from novelty_maps.networks.weights import description_of, load_weights
from novelty_maps.pipeline.errors import InputError

AUTOENCODERS: dict[str, type[Autoencoder]] = {
    "lsa": LsaAutoencoder,
    "dense": DenseAutoencoder,
    "fully_convolutional": FullyConvolutionalAutoencoder,
    "vae": VariationalAutoencoder,
    "bergmann": BergmannAutoencoder,
    "pca": PrincipalComponents,
}


def seeded_autoencoder(
    seed: int,
    *,
    network: str = "lsa",
    image_shape: tuple[int, ...] = (1, 28, 28),
    code_length: int = 64,
    loss: str = "mse",
) -> Autoencoder:
    """A freshly initialised autoencoder; the global random state is left as it was.

    Args:
        seed: Seed of the weights.
        network: One of `AUTOENCODERS`.
        image_shape: (C, H, W) of the images.
        code_length: Length of the latent code.
        loss: What it is to be trained by, one of `losses.DEVIATIONS`.

    Raises:
        InputError: The network does not go with this shape or code length.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = AUTOENCODERS[network](image_shape=image_shape, code_length=code_length)
    built.loss = loss
    return built


def autoencoder_of(weights: Mapping[str, Any], *, source: str) -> Autoencoder:
    """The autoencoder that a state dict of the `train` stage belongs to, in evaluation mode.

    Raises:
        InputError: The weights belong to another network, or do not say to which.
    """
    try:
        description = dict(description_of(weights) or {})
        kind = AUTOENCODERS[description.pop("network")]
        shape = tuple(int(length) for length in description.pop("image_shape"))
        loss = description.pop("loss", "mse")
        network = kind(image_shape=shape, **description)
        network.loss = {name: name for name in DEVIATIONS}[loss]
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{source} holds the weights of another network, none of {', '.join(AUTOENCODERS)}:"
            " train again with `python -m stages.train`, or give it that file as"
            " --from-checkpoint"
        ) from None
    load_weights(network, weights, source=source)
    return network.eval()


def require_images(network: Autoencoder, shape: tuple[int, ...], *, source: str) -> None:
    """Raise InputError unless the network takes images of shape (C, H, W)."""
    if shape != network.image_shape:
        raise InputError(
            f"{source} takes images of shape {network.image_shape}, but the images are {shape}:"
            " train again with `python -m stages.train`"
        )
