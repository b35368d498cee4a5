"""The maps over an image's pixels that are meant to show what is novel in it, one line each.

Another one is a function from tensors to a map (N, H, W), a line in `MAP_METHODS` and its label in
`names.SHORT_NAMES`; one that never looks at the network is named in `names.CONTROLS` as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from novelty_maps.maps import attributions, controls, loss_gradient
from novelty_maps.maps.attributions import magnitude
from novelty_maps.maps.loss_gradient import LossGradient
from novelty_maps.maps.names import require_methods
from novelty_maps.networks.inputs import seeded_generator
from novelty_maps.pipeline.boxes import Boxes
from novelty_maps.pipeline.errors import InputError


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
        detectors: Images (N, C, H, W) and boxes to each detector's map (N, H, W), if a method
            needs it.
        boxes: Each image's box (N, 4), where some are padded.
    """

    network: nn.Module
    x: Tensor
    rows: Sequence[int]
    seed: int = 0
    mean_image: Tensor | None = None
    masks: Tensor | None = None
    detectors: Mapping[str, Callable[[Tensor, Boxes | None], Tensor]] | None = None
    boxes: Boxes | None = None

    @cached_property
    def gradient(self) -> LossGradient:
        """Reconstruction and loss gradient, computed once however many maps come from it."""
        return loss_gradient.loss_gradient(self.network, self.x)

    def generators(self, method: str) -> list[torch.Generator]:
        """A CPU generator per image: a function of seed, row and the method's name alone."""
        name = method.encode()
        return [seeded_generator(self.seed, row, *name) for row in self.rows]


class MapMethod(NamedTuple):
    """A map.

    Attributes:
        compute: Context of a batch to its map (N, H, W).
        signed: Whether the map has a sign; in all others a higher value means more novel.
        needs: What it needs besides network and images.
        score: What of the map is the novelty score of the image.
    """

    compute: Callable[[MapContext], Tensor]
    signed: bool = False
    needs: Literal["mean_image", "masks", "detectors"] | None = None
    score: Literal["mean", "max"] = "mean"


def _given(tensor: Tensor | None) -> Tensor:
    """What a method needs; `compute_maps` has seen to it that it is there."""
    assert tensor is not None
    return tensor


def _integrated_gradients(context: MapContext, baseline: Tensor) -> Tensor:
    return magnitude(attributions.integrated_gradients(context.network, context.x, baseline))


def _detector(name: str) -> MapMethod:
    def compute(context: MapContext) -> Tensor:
        assert context.detectors is not None
        return context.detectors[name](context.x, context.boxes)

    return MapMethod(compute, needs="detectors", score="max")


MAP_METHODS: dict[str, MapMethod] = {
    "reconstruction_error": MapMethod(lambda c: loss_gradient.reconstruction_error_map(c.gradient)),
    "saliency": MapMethod(lambda c: loss_gradient.saliency_map(c.gradient)),
    "absolute_error": MapMethod(lambda c: loss_gradient.absolute_error_map(c.gradient)),
    "structural_dissimilarity": MapMethod(
        lambda c: loss_gradient.structural_dissimilarity_map(c.gradient, c.x)
    ),
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
    "uniform": MapMethod(lambda c: controls.uniform(c.x, c.generators("uniform"))),
    "input_magnitude": MapMethod(lambda c: controls.input_magnitude(c.x)),
    "sobel": MapMethod(lambda c: controls.sobel(c.x)),
    "distance_to_mean": MapMethod(
        lambda c: controls.distance_to_mean(c.x, _given(c.mean_image)),
        needs="mean_image",
    ),
    "mask": MapMethod(lambda c: controls.mask(_given(c.masks)), needs="masks"),
    "patchcore": _detector("patchcore"),
    "padim": _detector("padim"),
}

# Maps in which a higher value means more; the mask is known only where novelty is.
MAGNITUDES = tuple(
    name for name, method in MAP_METHODS.items() if not method.signed and method.needs != "masks"
)


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


def needs_detectors(methods: Sequence[str]) -> bool:
    """Whether one of the methods is the map of a detector that has to be fitted."""
    return any(MAP_METHODS[method].needs == "detectors" for method in methods)


def needs_mean_image(methods: Sequence[str]) -> bool:
    """Whether one of the methods needs the mean of the normal training images."""
    return any(MAP_METHODS[method].needs == "mean_image" for method in methods)
