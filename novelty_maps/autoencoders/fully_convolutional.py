"""A fully convolutional autoencoder: no dense layer, so each code value belongs to a place."""

from torch import nn

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.networks.blocks import LeakyReLU
from novelty_maps.pipeline.errors import InputError

_WIDTHS = (32, 64, 64)  # channels after each halving


class FullyConvolutionalAutoencoder(Autoencoder):
    """Three halvings to a small image of code values, and three enlargements back.

    Raises:
        InputError: The code length is no multiple of the places left after three halvings, 16 for
            28×28 and 32×32 pixels.
    """

    name = "fully_convolutional"

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__(image_shape=image_shape, code_length=code_length)
        channels, side = image_shape[:2]
        sides = [side]
        for _ in _WIDTHS:
            sides.append(-(-sides[-1] // 2))
        places = sides[-1] ** 2
        if code_length % places:
            raise InputError(
                f"train.code_length is {code_length}: the fully convolutional network needs a"
                f" multiple of {places}, its {sides[-1]}×{sides[-1]} places for this image size"
            )
        code_channels = code_length // places
        encoder: list[nn.Module] = []
        before = channels
        for width in _WIDTHS:
            encoder += _convolution(before, width, stride=2)
            before = width
        encoder += [nn.Conv2d(before, code_channels, 1), nn.Flatten()]
        decoder: list[nn.Module] = [
            nn.Unflatten(1, (code_channels, sides[-1], sides[-1])),
            *_convolution(code_channels, before),
        ]
        for width, to in zip((*_WIDTHS[-2::-1], _WIDTHS[0]), sides[-2::-1], strict=True):
            decoder += [nn.Upsample(size=(to, to)), *_convolution(before, width)]
            before = width
        decoder.append(nn.Conv2d(before, channels, 1))
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder)


def _convolution(before: int, after: int, *, stride: int = 1) -> list[nn.Module]:
    """3×3 convolution, batch norm, leaky ReLU."""
    convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(after), LeakyReLU()]
