"""Layers that several networks are made of."""

from torch import Tensor, nn

from novelty_maps.pipeline.errors import InputError


class LeakyReLU(nn.ReLU):
    """Leaky ReLU, in place, that is known as a ReLU to what changes the gradient of ReLUs.

    Captum's guided backpropagation looks for modules of that class, each used once. In place it
    keeps one tensor for the backward pass, which the layer after it keeps as well, and not two.

    Args:
        slope: Factor of negative values.
    """

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Map (...) to the same shape, in the memory of x, which no other layer may keep."""
        return nn.functional.leaky_relu(x, self.slope, inplace=True)


class Shortcut(nn.Conv2d):
    """1×1 convolution of stride 2 without bias, which keeps every other row and column.

    With AVX-512, too, oneDNN 3.12 crashes in the backward pass where large images have the channels
    last (`inputs.MEMORY_FORMAT`). There the pixels are taken first: the same sums, another kernel.
    """

    _LARGE = 64  # pixels a side; below, results are those of the plain convolution to the last bit

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__(channels_in, channels, 1, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, channels, ⌈H/2⌉, ⌈W/2⌉)."""
        if max(x.shape[2:]) <= self._LARGE:
            return super().forward(x)
        return nn.functional.conv2d(x[..., ::2, ::2], self.weight, self.bias)


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
        self.activation1 = LeakyReLU()
        self.activation2 = LeakyReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, channels, H', W')."""
        main = self.activation1(self.bn1a(self.conv1a(x)))
        main = self.bn1b(self.conv1b(main))
        main += self.bn2a(self.conv2a(x))
        result: Tensor = self.activation2(main)
        return result


def downsampling_block(channels_in: int, channels: int) -> ResidualBlock:
    """Residual block that halves height and width."""
    return ResidualBlock(
        nn.Conv2d(channels_in, channels, 3, stride=2, padding=1, bias=False),
        Shortcut(channels_in, channels),
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


class Decoder(nn.Module):
    """g: latent codes (N, code_length) to reconstructions (N, C, H, W), unbounded."""

    def __init__(self, *, channels: int, image_size: int, code_length: int) -> None:
        super().__init__()
        self.side = image_size // 4
        features = 64 * self.side**2
        self.fc = nn.Sequential(
            nn.Linear(code_length, 64),
            nn.BatchNorm1d(64),
            LeakyReLU(),
            nn.Linear(64, features),
            nn.BatchNorm1d(features),
            LeakyReLU(),
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


def require_divisible(image_size: int) -> None:
    """Raise InputError unless two halvings of the side leave whole pixels."""
    if image_size % 4 or image_size < 4:
        raise InputError(f"image size is {image_size}: it must be divisible by 4")
