"""What maps are made from besides network, images and masks, of the normal training images."""

from collections.abc import Sequence
from typing import Any

import torch

from novelty_maps.maps.methods import needs_detectors, needs_mean_image
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline.parts import load_boxes, load_part, mean_image


def load_needed(
    methods: Sequence[str], params: DetectorsParams, *, device: torch.device
) -> dict[str, Any]:
    """The keywords `mean_image` and `detectors` of `compute_maps`, as far as methods need them.

    Without a method that needs detectors nothing of them is imported or read.

    Args:
        methods: Names from `MAP_METHODS`.
        params: The frozen network of detectors.
        device: Where to compute.

    Raises:
        InputError: The training images or the weights of the frozen network cannot be read.
    """
    needed: dict[str, Any] = {}
    if not (needs_mean_image(methods) or needs_detectors(methods)):
        return needed
    images, rows = load_part("train", novel=False)
    if needs_mean_image(methods):
        needed["mean_image"] = mean_image(images)
    if needs_detectors(methods):
        from novelty_maps.detectors.fit import fit_detectors

        needed["detectors"] = fit_detectors(
            methods, images, params, device=device, boxes=load_boxes(rows)
        )
    return needed
