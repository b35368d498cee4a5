"""Classifiers whose representation is examined: images to a representation z to logits.

The large one is torchvision's ResNet34 (He et al. 2016) with a stem for small images, a 3×3
convolution without pooling, as usual on 32×32 pixels. ResNet20 is that of the same paper for
CIFAR-10, with a third of its blocks the small one, which trains in minutes without a GPU.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from novelty_maps.machine.torchvision_import import load_torchvision

_SMALL_WIDTHS = (16, 32, 64)


class Classifier(nn.Module):
    """Images (N, C, H, W) to logits (N, K), by way of a representation z (N, D).

    The networks with a further task build on it. In all of them `forward` is what the training
    loss needs, `logits` what validation needs, and `outputs` what is kept of each image.

    Args:
        backbone: One of `BACKBONES`.
        image_shape: (C, H, W) of the images.
        classes: Number of classes K.
    """

    def __init__(self, backbone: str, *, image_shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.backbone, self.length = BACKBONES[backbone](image_shape[0])
        self.head: nn.Module = nn.Linear(self.length, classes)

    def represent(self, x: Tensor) -> Tensor:
        """Representation z of images: the input of the last layer, (N, D)."""
        z: Tensor = self.backbone(x)
        return z

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """What is kept of each image: `z` (N, D) and `logits` (N, K)."""
        z = self.represent(x)
        return {"z": z, "logits": self.head(z)}

    def logits(self, x: Tensor) -> Tensor:
        """Logits of images, (N, K)."""
        logits: Tensor = self.head(self.represent(x))
        return logits

    def forward(self, x: Tensor) -> Any:
        """Logits of images, (N, K)."""
        return self.logits(x)


def _small_resnet(channels: int, *, blocks: int = 1) -> tuple[nn.Module, int]:
    """So many residual blocks each of 16, 32 and 64 channels; z has length 64."""
    block = load_torchvision().models.resnet.BasicBlock
    first, *_ = _SMALL_WIDTHS
    layers: list[nn.Module] = [_stem(channels, first)]
    before = first
    for width in _SMALL_WIDTHS:
        stride = 1 if width == before else 2
        shortcut = (
            None
            if stride == 1
            else nn.Sequential(
                nn.Conv2d(before, width, 1, stride=2, bias=False), nn.BatchNorm2d(width)
            )
        )
        layers.append(block(before, width, stride, shortcut))
        layers += [block(width, width) for _ in range(blocks - 1)]
        before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), before


def _stem(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


def _resnet34(channels: int) -> tuple[nn.Module, int]:
    """ResNet34 of torchvision with a 3×3 stem and no max-pooling; z has length 512."""
    network = load_torchvision().models.resnet34(weights=None)
    length = network.fc.in_features
    network.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    network.fc = nn.Identity()
    return network, length


BACKBONES: dict[str, Callable[[int], tuple[nn.Module, int]]] = {
    "small_resnet": _small_resnet,
    "resnet20": partial(_small_resnet, blocks=3),
    "resnet34": _resnet34,
}
