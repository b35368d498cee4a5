"""A trained network that forgets: its layers re-initialised one after another, or all at once.

Batch norm needs care. Re-initialised it is the identity, and behind fresh weights the network is
then all but constant: a map of it shows the image alone, which is the map of no network rather than
of one that has learned nothing. So each network is given the running statistics that its own
weights have on training images (`training.batch_norm`), as a trained network has them.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from novelty_maps.networks.inputs import as_input
from novelty_maps.networks.outputs import evaluated
from novelty_maps.pipeline.errors import InputError
from novelty_maps.training.batch_norm import recalibrate

# Wu & Johnson (2021) find a thousand images enough: a unit's mean is then known to 1/32 of its
# standard deviation. That is one forward pass, for each step of the cascade and each fresh network.
CALIBRATION_IMAGES = 1024


def layers_from_output(network: nn.Module, images: Tensor) -> list[str]:
    """Names of the layers in the reverse of the order in which they run.

    A layer is a module with parameters of its own, or with running statistics, that can be
    re-initialised; batch norm is one of its own. One that runs more than once counts where it runs
    last, and one that does not run has no part in any map and is left out.

    Args:
        network: Autoencoder on the CPU, in evaluation mode.
        images: (N, C, H, W) uint8, at least one; the first is run.

    Raises:
        InputError: There are no layers, as in a network without parameters, or one that holds
            parameters has no `reset_parameters`.
    """
    ran: list[str] = []
    handles = []
    for name, module in network.named_modules():
        resettable = hasattr(module, "reset_parameters")
        if any(True for _ in module.parameters(recurse=False)) and not resettable:
            raise InputError(
                f"layer {name!r} is a {type(module).__name__}, which has no reset_parameters:"
                " leave this network out of the randomization of layers"
            )
        if resettable and module.state_dict() and not any(True for _ in module.children()):
            handles.append(module.register_forward_hook(lambda *_, name=name: ran.append(name)))
    if not handles:
        raise InputError(
            f"{type(network).__name__} has no parameters to re-initialise:"
            " leave this network out of the randomization of layers"
        )
    with torch.no_grad():
        network(as_input(images[:1]))
    for handle in handles:
        handle.remove()
    return list(dict.fromkeys(reversed(ran)))


def reinitialised(
    network: nn.Module, images: Tensor, *, seed: int, device: torch.device
) -> nn.Module:
    """A copy of a network with new weights in all layers that run.

    Each layer draws from its own `reset_parameters`, on the CPU, whatever the device.

    Args:
        network: Autoencoder; it and the global random state are left as they were.
        images: Normal training images in random order, (N, C, H, W) uint8, at least 2. The first
            tells in which order the layers run; batch norm's statistics are those of the first
            1024.
        seed: Seed of the new weights.
        device: Where the copy is, and where the statistics are computed.

    Returns:
        The copy, in evaluation mode.

    Raises:
        InputError: As of `layers_from_output`.
    """
    return _recalibrated(_fresh(network, images, seed)[0], images, device)


def cascade(
    network: nn.Module, images: Tensor, *, seed: int, device: torch.device
) -> Iterator[tuple[str, nn.Module]]:
    """Re-initialise layer after layer from the output to the input, and keep what was done.

    The new weights are those of `reinitialised`, which the last network is. Batch norm is no step
    of its own, but goes with the layer before it; its statistics are computed anew in each step,
    those before the re-initialised layers, whose weights are as they were, too.

    Args:
        network: As of `reinitialised`.
        images: As of `reinitialised`.
        seed: As of `reinitialised`.
        device: As of `reinitialised`.

    Yields:
        Name of the layer that was re-initialised last, and a copy of the network in evaluation
        mode, on the device.

    Raises:
        InputError: As of `layers_from_output`, before the first copy.
    """
    fresh, layers = _fresh(network, images, seed)
    network = deepcopy(network)
    for name in layers:
        layer = network.get_submodule(name)
        layer.load_state_dict(fresh.get_submodule(name).state_dict())
        if not isinstance(layer, _BatchNorm) or name == layers[-1]:
            yield name, _recalibrated(network, images, device)


def _fresh(network: nn.Module, images: Tensor, seed: int) -> tuple[nn.Module, list[str]]:
    """A copy with new weights, batch norm the identity, and its layers from the output on."""
    fresh = deepcopy(network).cpu().eval()
    layers = layers_from_output(fresh, images)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name in layers:
            fresh.get_submodule(name).reset_parameters()  # type: ignore[operator]
    return fresh, layers


def _recalibrated(network: nn.Module, images: Tensor, device: torch.device) -> nn.Module:
    """A copy in evaluation mode on the device, its batch norm brought up to its weights."""
    network = evaluated(network, device)
    recalibrate(network, images[:CALIBRATION_IMAGES], device=device)
    return network
