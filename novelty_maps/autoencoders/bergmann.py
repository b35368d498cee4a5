"""The convolutional autoencoder of Bergmann et al. (2019), made for photos of surfaces and objects.

"Improving Unsupervised Defect Segmentation by Applying Structural Similarity to Autoencoders",
table 1. They train it with `train.loss` ssim and a code of 100 values on 128×128 pixels.
"""

import math

from torch import nn

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.networks.blocks import LeakyReLU
from novelty_maps.pipeline.errors import InputError

# Channels of each convolution of the encoder, and whether it halves the side.
_LAYERS = (
    (32, True),
    (32, True),
    (32, False),
    (64, True),
    (64, False),
    (128, True),
    (64, False),
    (32, False),
)
_SLOPE = 0.2  # of the leaky ReLUs
_LEAST_SIDE = 16


class BergmannAutoencoder(Autoencoder):
    """Four halvings between convolutions, then one convolution over all that is left to the code.

    The decoder is the encoder backwards. Without batch norm; input and code have no activation.
    What is left after the halvings is 8×8 places in the paper, and the side divided by 16 here.
    Initial weights are those of He et al. (2015), "Delving Deep into Rectifiers", eq. 15: with
    PyTorch's, the signal is lost on the way through so many layers, and training stays at the mean
    image.

    Raises:
        InputError: The side of the images is less than 16.
    """

    name = "bergmann"

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__(image_shape=image_shape, code_length=code_length)
        channels, side = image_shape[:2]
        if side < _LEAST_SIDE:
            raise InputError(
                f"image size is {side}: the network {self.name} halves it four times, so that it"
                f" must be {_LEAST_SIDE} or more; set data.image_size or train.network"
            )
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []  # from its end on, as the encoder from its beginning
        before = channels
        for width, halves in _LAYERS:
            if halves:
                there: nn.Module = nn.Conv2d(before, width, 4, stride=2, padding=1)
                back: nn.Module = nn.ConvTranspose2d(
                    width, before, 4, stride=2, padding=1, output_padding=side % 2
                )
                side //= 2
            else:
                there = nn.Conv2d(before, width, 3, padding=1)
                back = nn.Conv2d(width, before, 3, padding=1)
            encoder += [there, LeakyReLU(_SLOPE)]
            decoder += [back, LeakyReLU(_SLOPE)]
            before = width
        self.encoder = nn.Sequential(*encoder, nn.Conv2d(before, code_length, side), nn.Flatten())
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (code_length, 1, 1)),
            nn.ConvTranspose2d(code_length, before, side),
            *reversed(decoder),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                _initialise(module)


def _initialise(convolution: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Weights with which a layer keeps the variance of its input; no bias."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    if isinstance(convolution, nn.Conv2d):
        places = kernel**2
    else:  # of a transposed one: the places of the input that an output is made from
        places = (kernel // stride) ** 2 if stride > 1 else 1
    inputs = convolution.in_channels * places
    nn.init.normal_(convolution.weight, std=math.sqrt(2 / (1 + _SLOPE**2) / inputs))
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
