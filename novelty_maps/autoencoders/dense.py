"""A dense autoencoder: fully connected layers, no notion of neighbouring pixels."""

import math
from itertools import pairwise

from torch import nn

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.networks.blocks import LeakyReLU

_WIDTHS = (512, 256)


class DenseAutoencoder(Autoencoder):
    """Two hidden layers of 512 and 256 units on either side of the code."""

    name = "dense"

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__(image_shape=image_shape, code_length=code_length)
        widths = [math.prod(image_shape), *_WIDTHS, code_length]
        self.encoder = nn.Sequential(nn.Flatten(), *_layers(widths))
        self.decoder = nn.Sequential(*_layers(widths[::-1]), nn.Unflatten(1, image_shape))


def _layers(widths: list[int]) -> list[nn.Module]:
    """Linear layers from width to width, with a leaky ReLU between each two."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), LeakyReLU()]
    return layers[:-1]
