"""Batch norm as part of the layer before it: the same function of images in fewer steps.

In evaluation mode batch norm multiplies each channel by a number and adds another, which weights
and bias of the layer before it can do as well (Jacob et al. 2018, "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3.2).
"""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.networks.blocks import ResidualBlock

_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def folded(network: nn.Module) -> nn.Module:
    """A copy of an `Autoencoder` with its batch norms in the layers before them.

    Those of `nn.Sequential` and of `ResidualBlock`, where one follows the other; a batch norm
    anywhere else stays as it is. In our autoencoders each layer is used in one place, and its
    output read by the next one alone. Of others' networks that is not known: they are returned.

    Args:
        network: In evaluation mode.

    Returns:
        The copy, of the same class and with the same attributes, in which `nn.Identity` stands for
        a batch norm. Outputs and gradients are the network's but for rounding.
    """
    if not isinstance(network, Autoencoder):
        return network
    network = deepcopy(network)
    for parent in list(network.modules()):
        for name, after in _neighbours(parent):
            layer, norm = (parent.get_submodule(each) for each in (name, after))
            if isinstance(layer, _LAYERS) and isinstance(norm, _NORMS):
                _fold(layer, norm)
                setattr(parent, after, nn.Identity())
    return network


def _neighbours(parent: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of submodules of which one takes the other's output."""
    if isinstance(parent, nn.Sequential):
        yield from pairwise(name for name, _ in parent.named_children())
    if isinstance(parent, ResidualBlock):
        yield from (("conv1a", "bn1a"), ("conv1b", "bn1b"), ("conv2a", "bn2a"))


def _fold(layer: Any, norm: Any) -> None:
    layer.weight, layer.bias = fuse_conv_bn_weights(
        layer.weight,
        layer.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(layer, nn.ConvTranspose2d),
    )
