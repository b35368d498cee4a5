"""Batch norm as part of the layer before it: the same function of images in fewer steps.

In evaluation mode batch norm multiplies each channel by a number and adds another, which weights
and bias of the layer before it can do as well (Jacob et al. 2018, "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3.2).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from novelty_maps.networks.blocks import Shortcut

# Their output is linear in weights and bias; that of a subclass need not be.
_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, Shortcut)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def folded(network: nn.Module, x: Tensor) -> nn.Module:
    """A copy of a network with its batch norms in the layers before them, where that can be.

    It can be if a batch norm takes the output of a convolution, a transposed one, or a linear layer
    and if the forward pass reads neither that output nor what the two layers hold anywhere else. It
    is an `nn.Identity` then; all others stay as they are. Whoever asks the copy for something else
    than its forward pass has to know that this runs the same layers.

    Args:
        network: In evaluation mode.
        x: Images that it takes, (N, C, H, W) floating point; one will do, and any values.

    Returns:
        The copy, of the same class and with the same attributes. What it says, and the gradients,
        are the network's but for rounding.
    """
    network = deepcopy(network)
    pairs = _pairs(network, x)
    for layer, norm in pairs:
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
    norms = {norm for _, norm in pairs}
    for name, module in list(network.named_modules(remove_duplicate=False)):
        if module in norms:
            network.set_submodule(name, nn.Identity())
    return network


@torch.no_grad()
def _pairs(network: nn.Module, x: Tensor) -> list[tuple[Any, Any]]:
    """Layers of a network, each with the batch norm that it can take in."""
    reads = _Reads()
    sources: dict[int, Any] = {}  # by the identity of their outputs, which `reads` keeps alive
    met: list[tuple[Any, Any, Tensor]] = []

    def after_layer(layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        reads.watch(output)
        sources[id(output)] = layer

    def before_norm(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if id(inputs[0]) in sources:
            met.append((sources[id(inputs[0])], norm, inputs[0]))

    hooks = []
    for module in network.modules():
        if module._forward_hooks or module._forward_pre_hooks:  # they may do anything
            continue
        if type(module) in _LAYERS:
            hooks.append(module.register_forward_hook(after_layer))
        elif type(module) in _NORMS and not module.training:
            hooks.append(module.register_forward_pre_hook(before_norm))
    reads.watch(*network.parameters(), *network.buffers())
    with reads:
        network(x)
    for hook in hooks:
        hook.remove()
    return [
        (layer, norm)
        for layer, norm, output in met
        if _same_channels(layer, output)
        and reads.once(output, *layer.parameters(), *norm.parameters(), norm.running_mean)
    ]


def _same_channels(layer: Any, output: Tensor) -> bool:
    """Whether batch norm's channels are the layer's, and its weights have an axis of them."""
    if isinstance(layer, nn.Linear):
        return output.ndim == 2
    return not layer.transposed or layer.groups == 1


class _Reads(TorchFunctionMode):
    """Counts how often functions of PyTorch are given the tensors that it watches."""

    def __init__(self) -> None:
        super().__init__()
        self._watched: dict[int, Tensor] = {}
        self._times: Counter[int] = Counter()

    def watch(self, *tensors: Tensor) -> None:
        self._watched |= {id(tensor): tensor for tensor in tensors}

    def once(self, *tensors: Tensor) -> bool:
        """Whether each was given to one function, once."""
        return all(self._times[id(tensor)] == 1 for tensor in tensors)

    def __torch_function__(
        self,
        function: Any,
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        keywords: Mapping[str, Any] | None = None,
    ) -> Any:
        if function is not Tensor.dim:  # batch norm asks for it before
            given = map(id, tree_leaves((arguments, keywords)))
            self._times.update(key for key in given if key in self._watched)
        return function(*arguments, **(keywords or {}))
