"""The maps over an image's pixels that are meant to show what is novel in it, one line each.

Another one is a function from tensors to a map (N, H, W) and a line in `MAP_METHODS`.
"""

import difflib
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stages.lib import attributions, control_maps, loss_gradient
from stages.lib.attributions import magnitude
from stages.lib.devices import MEMORY_FORMAT
from stages.lib.errors import InputError
from stages.lib.loss_gradient import LossGradient
from stages.lib.training import as_input


@dataclass(frozen=True, eq=False)
class MapContext:
    """What maps of a batch are made from.

    Attributes:
        network: Autoencoder in evaluation mode.
        x: Images (N, C, H, W), floating point in [0, 1], on the device of the network.
        rows: Number of each image, by which its noise is drawn.
        seed: Seed of the noise.
        mean_image: Mean of the normal training images (C, H, W), if a method needs it.
        masks: Where each image is novel, (N, H, W) bool, if a method needs it.
    """

    network: nn.Module
    x: Tensor
    rows: Sequence[int]
    seed: int = 0
    mean_image: Tensor | None = None
    masks: Tensor | None = None

    @cached_property
    def gradient(self) -> LossGradient:
        """Reconstruction and loss gradient, computed once however many maps come from it."""
        return loss_gradient.loss_gradient(self.network, self.x)

    def generators(self, method: str) -> list[torch.Generator]:
        """A CPU generator per image: a function of seed, row and the method's name alone."""
        name = method.encode()
        states = [
            np.random.SeedSequence([self.seed, row, *name]).generate_state(1, np.uint64)
            for row in self.rows
        ]
        return [torch.Generator().manual_seed(int(word >> np.uint64(1))) for (word,) in states]


class MapMethod(NamedTuple):
    """A map.

    Attributes:
        compute: Context of a batch to its map (N, H, W).
        signed: Whether the map has a sign; in all others a higher value means more novel.
        control: Whether it never looks at the network.
        needs: What it needs besides network and images.
    """

    compute: Callable[[MapContext], Tensor]
    signed: bool = False
    control: bool = False
    needs: Literal["mean_image", "masks"] | None = None


def _given(tensor: Tensor | None) -> Tensor:
    """What a method needs; `compute_maps` has seen to it that it is there."""
    assert tensor is not None
    return tensor


def _integrated_gradients(context: MapContext, baseline: Tensor) -> Tensor:
    return magnitude(attributions.integrated_gradients(context.network, context.x, baseline))


MAP_METHODS: dict[str, MapMethod] = {
    "reconstruction_error": MapMethod(lambda c: loss_gradient.reconstruction_error_map(c.gradient)),
    "saliency": MapMethod(lambda c: loss_gradient.saliency_map(c.gradient)),
    "squared_saliency": MapMethod(lambda c: loss_gradient.squared_saliency_map(c.gradient)),
    "direct_term": MapMethod(lambda c: loss_gradient.direct_term_map(c.gradient), signed=True),
    "indirect_term": MapMethod(lambda c: loss_gradient.indirect_term_map(c.gradient), signed=True),
    "smoothgrad": MapMethod(
        lambda c: magnitude(attributions.smoothgrad(c.network, c.x, c.generators("smoothgrad")))
    ),
    "integrated_gradients_black": MapMethod(
        lambda c: _integrated_gradients(c, torch.zeros_like(c.x))
    ),
    "integrated_gradients_mean": MapMethod(
        lambda c: _integrated_gradients(c, _given(c.mean_image)), needs="mean_image"
    ),
    "integrated_gradients_reconstruction": MapMethod(
        lambda c: _integrated_gradients(c, c.gradient.reconstruction)
    ),
    "input_x_gradient": MapMethod(lambda c: loss_gradient.input_x_gradient_map(c.gradient, c.x)),
    "guided_backpropagation": MapMethod(
        lambda c: magnitude(attributions.guided_backpropagation(c.network, c.x))
    ),
    "occlusion": MapMethod(
        lambda c: attributions.occlusion(c.network, c.x, _given(c.mean_image)), needs="mean_image"
    ),
    "uniform": MapMethod(
        lambda c: control_maps.uniform(c.x, c.generators("uniform")), control=True
    ),
    "input_magnitude": MapMethod(lambda c: control_maps.input_magnitude(c.x), control=True),
    "sobel": MapMethod(lambda c: control_maps.sobel(c.x), control=True),
    "distance_to_mean": MapMethod(
        lambda c: control_maps.distance_to_mean(c.x, _given(c.mean_image)),
        control=True,
        needs="mean_image",
    ),
    "mask": MapMethod(lambda c: control_maps.mask(_given(c.masks)), control=True, needs="masks"),
}

CONTROLS = tuple(name for name, method in MAP_METHODS.items() if method.control)

# Maps in which a higher value means more; the mask is known only where novelty is.
MAGNITUDES = tuple(
    name for name, method in MAP_METHODS.items() if not method.signed and method.needs != "masks"
)


def require_methods(methods: Sequence[str], *, key: str | None = None) -> None:
    """Raise InputError unless all are names of `MAP_METHODS`; it names the parameter `key`."""
    for method in methods:
        if method not in MAP_METHODS:
            close = difflib.get_close_matches(method, MAP_METHODS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(MAP_METHODS)}"
            where = f"{key}: " if key else ""
            raise InputError(f"{where}there is no map {method!r}; {hint}")


def require_planned(methods: Sequence[str], *, needed: Sequence[str]) -> None:
    """Raise InputError unless `maps.methods` are known, need no masks, and have what is needed."""
    require_methods(methods, key="maps.methods")
    for method in methods:
        if MAP_METHODS[method].needs == "masks":
            raise InputError(
                f"maps.methods has {method}, which test images have no masks for: leave it to"
                " localize.methods"
            )
    absent = [method for method in needed if method not in methods]
    if absent:
        raise InputError(f"maps.methods lacks {absent[0]}, which the metrics stage reads: add it")


def require_magnitudes(methods: Sequence[str]) -> None:
    """Raise InputError unless all are maps in which a higher value means more."""
    require_methods(methods)
    for method in methods:
        if method not in MAGNITUDES:
            first, second, *others = MAGNITUDES
            raise InputError(
                f"{method!r} is no map to score with: use {first} or {second},"
                f" or one of {', '.join(others)}"
            )


def needs_mean_image(methods: Sequence[str]) -> bool:
    """Whether one of the methods needs the mean of the normal training images."""
    return any(MAP_METHODS[method].needs == "mean_image" for method in methods)


def compute_maps(
    network: nn.Module,
    images: NDArray[np.uint8],
    *,
    methods: Sequence[str],
    batch_size: int,
    device: torch.device,
    mean_image: NDArray[np.float32] | None = None,
    masks: NDArray[np.bool_] | None = None,
    rows: Sequence[int] | None = None,
    seed: int = 0,
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Maps of all images, batch by batch; the batch size changes nothing but float32 rounding.

    Args:
        network: Autoencoder; it is copied, and the copy evaluated.
        images: (N, C, H, W) uint8.
        methods: Names from `MAP_METHODS`.
        batch_size: Images at a time.
        device: Where to compute.
        mean_image: Mean of the normal training images, (C, H, W) in [0, 1].
        masks: Where each image is novel, (N, H, W).
        rows: Number of each image, by which its noise is drawn; 0, 1, 2, … if None.
        seed: Seed of the noise.

    Returns:
        For each batch, its "reconstruction" (n, C, H, W) and each method's map (n, H, W).

    Raises:
        InputError: An unknown method, or one that needs what is not given.
    """
    require_methods(methods)
    for method in methods:
        needs = MAP_METHODS[method].needs
        if needs == "mean_image" and mean_image is None:
            raise InputError(f"the map {method} needs the mean training image: leave it out here")
        if needs == "masks" and masks is None:
            raise InputError(f"the map {method} needs masks of what is novel: leave it out here")
    network = deepcopy(network).eval().requires_grad_(False)
    network.to(device=device, memory_format=MEMORY_FORMAT)  # type: ignore[call-overload]
    numbers = range(len(images)) if rows is None else rows
    mean = None if mean_image is None else torch.from_numpy(mean_image).to(device)

    def maps_of(batch: slice) -> dict[str, NDArray[np.float32]]:
        context = MapContext(
            network,
            as_input(torch.from_numpy(np.array(images[batch])).to(device)),
            rows=numbers[batch],
            seed=seed,
            mean_image=mean,
            masks=None if masks is None else torch.from_numpy(np.array(masks[batch])).to(device),
        )
        maps = {"reconstruction": context.gradient.reconstruction}
        maps |= {method: MAP_METHODS[method].compute(context) for method in methods}
        return {name: map_.cpu().contiguous().numpy() for name, map_ in maps.items()}

    starts = range(0, len(images), batch_size)
    return (maps_of(slice(start, start + batch_size)) for start in starts)


def gather_maps(
    network: nn.Module,
    images: NDArray[np.uint8],
    *,
    on_batch: Callable[[int], object] = lambda count: None,
    **settings: Any,
) -> dict[str, NDArray[np.float32]]:
    """All that `compute_maps` yields, in memory at once.

    Args:
        network: As of `compute_maps`.
        images: As of `compute_maps`.
        on_batch: Called with the number of images done.
        **settings: The keywords of `compute_maps`.

    Returns:
        "reconstruction" (N, C, H, W) and each method's maps (N, H, W).
    """
    batches = []
    for batch in compute_maps(network, images, **settings):
        batches.append(batch)
        on_batch(len(batch["reconstruction"]))
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
