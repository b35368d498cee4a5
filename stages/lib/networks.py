"""The convolutional autoencoder of Abati et al. (2019), "Latent Space Autoregression" (LSA).

It is their MNIST network without the density estimator, as Feeney & Hughes use it (section 3.2).
Parameter names are those of the published checkpoints, which therefore load.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from stages.lib.errors import InputError


class ResidualBlock(nn.Module):
    """Two convolutions, the first one resampling by 2, beside a resampling shortcut.

    Args:
        first: Resampling convolution of the main path.
        shortcut: Resampling convolution of the shortcut, with the same output shape.
        channels: Number of output channels of both.
    """

    def __init__(self, first: nn.Module, shortcut: nn.Module, channels: int) -> None:
        super().__init__()
        self.conv1a = first
        self.conv1b = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2a = shortcut
        self.bn1a = nn.BatchNorm2d(channels)
        self.bn1b = nn.BatchNorm2d(channels)
        self.bn2a = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, channels, H', W')."""
        main = leaky_relu(self.bn1a(self.conv1a(x)))
        main = self.bn1b(self.conv1b(main))
        return leaky_relu(main + self.bn2a(self.conv2a(x)))


def downsampling_block(channels_in: int, channels: int) -> ResidualBlock:
    """Residual block that halves height and width."""
    return ResidualBlock(
        nn.Conv2d(channels_in, channels, 3, stride=2, padding=1, bias=False),
        nn.Conv2d(channels_in, channels, 1, stride=2, bias=False),
        channels,
    )


def upsampling_block(channels_in: int, channels: int) -> ResidualBlock:
    """Residual block that doubles height and width."""
    return ResidualBlock(
        nn.ConvTranspose2d(
            channels_in, channels, 5, stride=2, padding=2, output_padding=1, bias=False
        ),
        nn.ConvTranspose2d(channels_in, channels, 1, stride=2, output_padding=1, bias=False),
        channels,
    )


class Encoder(nn.Module):
    """f: images (N, C, H, W) to latent codes (N, code_length) in (0, 1)."""

    def __init__(self, *, channels: int, image_size: int, code_length: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(downsampling_block(channels, 32), downsampling_block(32, 64))
        self.fc = nn.Sequential(
            nn.Linear(64 * (image_size // 4) ** 2, 64),
            nn.BatchNorm1d(64),
            nn.LeakyReLU(),
            nn.Linear(64, code_length),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Latent code of each image."""
        latent: Tensor = self.fc(self.conv(x).flatten(1))
        return latent


class Decoder(nn.Module):
    """g: latent codes (N, code_length) to reconstructions (N, C, H, W), unbounded."""

    def __init__(self, *, channels: int, image_size: int, code_length: int) -> None:
        super().__init__()
        self.side = image_size // 4
        features = 64 * self.side**2
        self.fc = nn.Sequential(
            nn.Linear(code_length, 64),
            nn.BatchNorm1d(64),
            nn.LeakyReLU(),
            nn.Linear(64, features),
            nn.BatchNorm1d(features),
            nn.LeakyReLU(),
        )
        self.conv = nn.Sequential(
            upsampling_block(64, 32),
            upsampling_block(32, 16),
            nn.Conv2d(16, channels, 1, bias=False),
        )

    def forward(self, latent: Tensor) -> Tensor:
        """Reconstruction from each latent code."""
        reconstruction: Tensor = self.conv(self.fc(latent).view(-1, 64, self.side, self.side))
        return reconstruction


class Autoencoder(nn.Module):
    """h = g∘f, the LSA convolutional autoencoder; 565,296 parameters on 28×28 grey images.

    Args:
        channels: Channels of the images, 1 or 3; the output convolution has as many.
        image_size: Side of the square images in pixels, divisible by 4.
        code_length: Length of the latent code.

    Raises:
        InputError: An impossible size.
    """

    def __init__(self, *, channels: int, image_size: int, code_length: int = 64) -> None:
        super().__init__()
        if image_size % 4 or image_size < 4:
            raise InputError(f"image size is {image_size}: it must be divisible by 4")
        shape = {"channels": channels, "image_size": image_size, "code_length": code_length}
        self.image_shape = (channels, image_size, image_size)
        self.encoder = Encoder(**shape)
        self.decoder = Decoder(**shape)

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """What detection keeps of each image: `z`, its code, and its `reconstruction_error` L."""
        z = self.encoder(x)
        error = (x - self.decoder(z)).square().mean(dim=(1, 2, 3))
        return {"z": z, "reconstruction_error": error}

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruction h(x) of images (N, C, H, W), float32 in [0, 1]; same shape, unbounded."""
        reconstruction: Tensor = self.decoder(self.encoder(x))
        return reconstruction


def seeded_autoencoder(seed: int, **shape: int) -> Autoencoder:
    """A freshly initialised `Autoencoder(**shape)`; the global random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Autoencoder(**shape)


def autoencoder_of(weights: Mapping[str, Any], *, source: str) -> Autoencoder:
    """The autoencoder that a state dict belongs to; its shape is read off the weights.

    Raises:
        InputError: The weights belong to another network.
    """
    try:
        channels = weights["encoder.conv.0.conv1a.weight"].shape[1]
        side = round((weights["encoder.fc.0.weight"].shape[1] / 64) ** 0.5)
        code_length = weights["encoder.fc.3.weight"].shape[0]
    except (KeyError, AttributeError, IndexError) as error:
        raise InputError(
            f"{source} holds the weights of another network ({error} is missing):"
            " train again with `python -m stages.train`"
        ) from None
    network = Autoencoder(channels=channels, image_size=4 * side, code_length=code_length)
    load_weights(network, weights, source=source)
    return network.eval()


def require_images(network: Autoencoder, shape: tuple[int, ...], *, source: str) -> None:
    """Raise InputError unless the network takes images of shape (C, H, W)."""
    if shape != network.image_shape:
        raise InputError(
            f"{source} takes images of shape {network.image_shape}, but the images are {shape}:"
            " train again with `python -m stages.train`"
        )


def load_weights(network: nn.Module, weights: Mapping[str, Any], *, source: str) -> None:
    """Fill a network with a state dict, in place.

    Keys of the LSA density estimator (`estimator.*`) are ignored, and a shape mismatch is as
    much an error as a missing key.

    Args:
        network: The network to fill.
        weights: State dict.
        source: Where it comes from, for the error.

    Raises:
        InputError: The weights belong to another network; names the keys that differ.
    """
    if not all(isinstance(key, str) for key in weights):
        raise InputError(f"{source} is no state dict: its keys are not parameter names")
    given = {key: value for key, value in weights.items() if not key.startswith("estimator.")}
    expected = network.state_dict()
    # Checkpoints older than batch norm's step counter lack it; evaluation does not use it.
    for key in expected.keys() - given.keys():
        if key.endswith("num_batches_tracked"):
            given[key] = expected[key]
    problems = [f"{key} is missing" for key in expected if key not in given]
    problems += [f"{key} is unknown" for key in given if key not in expected]
    problems += [
        f"{key} is {_shape(given[key])} instead of {_shape(expected[key])}"
        for key in expected
        if key in given and _shape(given[key]) != _shape(expected[key])
    ]
    if problems:
        shown = "; ".join(problems[:6])
        more = f"; and {len(problems) - 6} more" if len(problems) > 6 else ""
        raise InputError(
            f"{source} holds the weights of another network: {shown}{more}."
            " Give a state dict of the LSA autoencoder for images of this size and channels"
        )
    nonfinite = [k for k, v in given.items() if not torch.isfinite(v).all()]
    if nonfinite:
        raise InputError(f"{source}: {nonfinite[0]} holds NaN or infinity: take another checkpoint")
    network.load_state_dict(given)


def _shape(value: Any) -> str:
    return "×".join(map(str, value.shape)) or "scalar" if isinstance(value, Tensor) else "no tensor"
