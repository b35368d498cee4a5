"""What maps are made from besides network, images and masks, of the normal training images."""

from collections.abc import Sequence
from typing import Any

import torch

from novelty_maps.maps.methods import needs_detectors, needs_mean_image
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline.boxes import Boxes
from novelty_maps.pipeline.parts import load_boxes, load_part, mean_image
from novelty_maps.pipeline.rows import Images


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
    if not (needs_mean_image(methods) or needs_detectors(methods)):
        return {}
    images, rows = load_part("train", novel=False)
    boxes = load_boxes(rows) if needs_detectors(methods) else None
    return fit_needed(methods, images, boxes, params, device=device)


def fit_needed(
    methods: Sequence[str],
    images: Images,
    boxes: Boxes | None,
    params: DetectorsParams,
    *,
    device: torch.device,
) -> dict[str, Any]:
    """The same of normal images that are at hand.

    Args:
        methods: As of `load_needed`.
        images: (N, C, H, W) uint8; any number, none included, where no method needs something.
        boxes: (N, 4), where some are padded.
        params: As of `load_needed`.
        device: As of `load_needed`.

    Raises:
        InputError: The weights of the frozen network cannot be read.
    """
    needed: dict[str, Any] = {}
    if needs_mean_image(methods):
        needed["mean_image"] = mean_image(images)
    if needs_detectors(methods):
        from novelty_maps.detectors.fit import fit_detectors

        needed["detectors"] = fit_detectors(methods, images, params, device=device, boxes=boxes)
    return needed
