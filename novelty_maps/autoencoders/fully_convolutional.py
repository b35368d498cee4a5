"""A fully convolutional autoencoder: no dense layer, so each code value belongs to a place."""

from torch import nn

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.networks.blocks import LeakyReLU
from novelty_maps.pipeline.errors import InputError

_WIDTH = 64  # channels after each halving, but half of that after the first
_HALVINGS = 3  # at least
_SIDE = 8  # of the places that are left, at most


class FullyConvolutionalAutoencoder(Autoencoder):
    """Halvings to a small image of code values, and as many enlargements back.

    There are three of them for images of up to 64×64, and one more for each doubling of the side.

    Raises:
        InputError: The code length is no multiple of the places left after the halvings, 16 for
            28×28 and 32×32 pixels, 64 for powers of two from 64×64 on.
    """

    name = "fully_convolutional"

    def __init__(self, *, image_shape: tuple[int, ...], code_length: int) -> None:
        super().__init__(image_shape=image_shape, code_length=code_length)
        channels, side = image_shape[:2]
        sides = [side]
        while len(sides) <= _HALVINGS or sides[-1] > _SIDE:
            sides.append(-(-sides[-1] // 2))
        widths = [_WIDTH // 2, *[_WIDTH] * (len(sides) - 2)]
        places = sides[-1] ** 2
        if code_length % places:
            raise InputError(
                f"train.code_length is {code_length}: the fully convolutional network needs a"
                f" multiple of {places}, its {sides[-1]}×{sides[-1]} places for this image size"
            )
        code_channels = code_length // places
        encoder: list[nn.Module] = []
        before = channels
        for width in widths:
            encoder += _convolution(before, width, stride=2)
            before = width
        encoder += [nn.Conv2d(before, code_channels, 1), nn.Flatten()]
        decoder: list[nn.Module] = [
            nn.Unflatten(1, (code_channels, sides[-1], sides[-1])),
            *_convolution(code_channels, before),
        ]
        for width, to in zip((*widths[-2::-1], widths[0]), sides[-2::-1], strict=True):
            decoder += [nn.Upsample(size=(to, to)), *_convolution(before, width)]
            before = width
        decoder.append(nn.Conv2d(before, channels, 1))
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder)


def _convolution(before: int, after: int, *, stride: int = 1) -> list[nn.Module]:
    """3×3 convolution, batch norm, leaky ReLU."""
    convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(after), LeakyReLU()]
