"""Does a map depend on what the network has learned? Cascading randomization of its layers.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps": the layers are re-initialised one after
another, from the output to the input, and each map is compared with that of the trained network.
A map that stays as it was shows the image and the architecture, not what was learned.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from skimage.metrics import structural_similarity
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from novelty_maps.localization.measures import image_separation
from novelty_maps.maps.ranking import scaled_map
from novelty_maps.networks.inputs import as_input
from novelty_maps.pipeline.errors import InputError

Maps = Mapping[str, NDArray[np.float32]]
_WINDOW = 11  # pixels on a side that SSIM's Gaussian weights reach, those of Wang et al. 2004


def layers_from_output(network: nn.Module, images: NDArray[np.uint8]) -> list[str]:
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
        network(as_input(torch.from_numpy(np.array(images[:1]))))
    for handle in handles:
        handle.remove()
    return list(dict.fromkeys(reversed(ran)))


def cascade(
    network: nn.Module, images: NDArray[np.uint8], *, seed: int
) -> Iterator[tuple[str, nn.Module]]:
    """Re-initialise layer after layer from the output to the input, and keep what was done.

    Each layer draws from its own `reset_parameters`, on the CPU, whatever the network's device.
    That takes batch norm to the identity, with which the network is then evaluated; it is no step
    of its own, but goes with the layer before it.

    Args:
        network: Autoencoder; it and the global random state are left as they were.
        images: (N, C, H, W) uint8; the first tells in which order the layers run.
        seed: Seed of the new weights.

    Yields:
        Name of the layer that was re-initialised last, and a copy of the network in evaluation
        mode.

    Raises:
        InputError: As of `layers_from_output`, before the first copy.
    """
    fresh = deepcopy(network).cpu().eval()
    layers = layers_from_output(fresh, images)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name in layers:
            fresh.get_submodule(name).reset_parameters()  # type: ignore[operator]
    network = deepcopy(network).eval()
    for name in layers:
        layer = network.get_submodule(name)
        layer.load_state_dict(fresh.get_submodule(name).state_dict())
        if not isinstance(layer, _BatchNorm) or name == layers[-1]:
            yield name, deepcopy(network)


def rank_similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Spearman's rank correlation of the magnitudes of two maps, image by image.

    Args:
        a: (N, H, W).
        b: (N, H, W).

    Returns:
        (N,) float64; NaN where one of the magnitudes is constant.
    """
    ranks = [rankdata(np.abs(maps).reshape(len(maps), -1), axis=1) for maps in (a, b)]
    x, y = (rank - (rank.shape[1] + 1) / 2 for rank in ranks)
    with np.errstate(invalid="ignore"):
        rho: NDArray[np.float64] = (x * y).sum(axis=1) / np.sqrt(
            (x * x).sum(axis=1) * (y * y).sum(axis=1)
        )
    return rho


def structure_similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """SSIM of the magnitudes of two maps, each divided by its maximum (Wang et al. 2004).

    The mean is over the pixels whose window lies in the image. In an image smaller than the window
    it is over those near the centre, and the image is mirrored at its edges.

    Args:
        a: (N, H, W).
        b: (N, H, W).

    Returns:
        (N,) float64; NaN where one of the maps is all zero.
    """
    side = min(_WINDOW, *a.shape[1:])
    similarity = np.full(len(a), np.nan)
    for i, (one, other) in enumerate(
        zip(scaled_map(np.abs(a)), scaled_map(np.abs(b)), strict=True)
    ):
        if np.isfinite(one).all() and np.isfinite(other).all():
            similarity[i] = structural_similarity(  # type: ignore[no-untyped-call]
                one,
                other,
                win_size=side - (side + 1) % 2,  # it must be odd
                data_range=1,
                gaussian_weights=True,
                use_sample_covariance=False,
            )
    return similarity


class Cascade(NamedTuple):
    """A map along the cascade; step 0 is the trained network, its layer is "".

    Attributes:
        layers: (S + 1,) the layer that was re-initialised last.
        spearman: Rank similarity to the map of the trained network, (S + 1, N) float64.
        ssim: Structure similarity to it, (S + 1, N) float64.
        average_precision: How well the map finds the novelty, (S + 1, N) float64.
    """

    layers: list[str]
    spearman: NDArray[np.float64]
    ssim: NDArray[np.float64]
    average_precision: NDArray[np.float64]


def along_cascade(
    network: nn.Module,
    images: NDArray[np.uint8],
    masks: NDArray[np.bool_],
    maps_of: Callable[[nn.Module], Maps],
    *,
    trained: Maps,
    seed: int,
    on_step: Callable[[str], object] = lambda layer: None,
) -> dict[str, Cascade]:
    """Compare maps along the cascade with those of the trained network, and with the masks.

    Args:
        network: Trained autoencoder.
        images: (N, C, H, W) uint8, as of `cascade`.
        masks: (N, H, W) bool, where they are novel.
        maps_of: Network in evaluation mode to method and maps, (N, H, W) float32; signed maps
            count by their magnitude.
        trained: What `maps_of` returns of the trained network.
        seed: Seed of the new weights.
        on_step: Called with the layer of each step that is done.

    Returns:
        Method to its cascade.

    Raises:
        InputError: As of `layers_from_output`.
    """
    layers = [""]
    measured = {method: [_compare(maps, maps, masks)] for method, maps in trained.items()}
    for layer, randomized in cascade(network, images, seed=seed):
        maps = maps_of(randomized)
        for method, original in trained.items():
            measured[method].append(_compare(original, maps[method], masks))
        layers.append(layer)
        on_step(layer)
    return {
        method: Cascade(layers, *np.stack(steps).swapaxes(0, 1))
        for method, steps in measured.items()
    }


def _compare(
    original: NDArray[np.float32], maps: NDArray[np.float32], masks: NDArray[np.bool_]
) -> NDArray[np.float64]:
    found = image_separation(np.abs(maps), masks).average_precision
    return np.stack([rank_similarity(original, maps), structure_similarity(original, maps), found])
