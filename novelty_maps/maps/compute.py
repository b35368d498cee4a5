"""Maps of many images, batch by batch."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from novelty_maps.maps.folding import folded
from novelty_maps.maps.methods import MAP_METHODS, MapContext
from novelty_maps.maps.names import require_methods
from novelty_maps.networks.inputs import as_input, batch_of
from novelty_maps.networks.outputs import evaluated
from novelty_maps.pipeline.arrays import spooled
from novelty_maps.pipeline.boxes import Boxes, real_pixels
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.rows import Images


def compute_maps(
    network: nn.Module,
    images: Images,
    *,
    methods: Sequence[str],
    batch_size: int,
    device: torch.device,
    mean_image: NDArray[np.float32] | None = None,
    masks: NDArray[np.bool_] | None = None,
    boxes: Boxes | None = None,
    detectors: Mapping[str, Callable[[Tensor, Boxes | None], Tensor]] | None = None,
    rows: Sequence[int] | None = None,
    seed: int = 0,
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Maps of all images, batch by batch; the batch size changes nothing but float32 rounding.

    Args:
        network: Autoencoder; it is copied, and the copy evaluated.
        images: (N, C, H, W) uint8.
        methods: Names from `MAP_METHODS`.
        batch_size: Images at a time, fewer of large ones as of `batch_of`.
        device: Where to compute.
        mean_image: Mean of the normal training images, (C, H, W) in [0, 1].
        masks: Where each image is novel, (N, H, W).
        boxes: Each image's box, (N, 4), where some are padded; outside it a map is 0.
        detectors: As of `detectors.fit.fit_detectors`, on the device.
        rows: Number of each image, by which its noise is drawn; 0, 1, 2, … if None.
        seed: Seed of the noise.

    Returns:
        For each batch, its "reconstruction" (n, C, H, W) and each method's map (n, H, W).

    Raises:
        InputError: An unknown method, or one that needs what is not given.
    """
    require_methods(methods)
    given = {"mean_image": mean_image, "masks": masks, **(detectors or {})}
    _require_given(methods, {name for name, value in given.items() if value is not None})
    network = folded(evaluated(network, device))
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
            detectors=detectors,
            boxes=None if boxes is None else boxes[batch],
        )
        maps = {"reconstruction": context.gradient.reconstruction}
        real = real_pixels(context.boxes, images.shape[2:])
        inside = None if real is None else torch.from_numpy(real).to(device)
        for method in methods:
            map_ = MAP_METHODS[method].compute(context)
            maps[method] = map_ if inside is None else map_.where(inside, 0)
        return {name: map_.cpu().contiguous().numpy() for name, map_ in maps.items()}

    size = batch_of(batch_size, images.shape[1:], device, gradient=True)
    return (maps_of(slice(start, start + size)) for start in range(0, len(images), size))


_NEEDED = {
    "mean_image": "the mean training image",
    "masks": "masks of what is novel",
    "detectors": "a fitted detector",
}


def _require_given(methods: Sequence[str], given: Collection[str]) -> None:
    """Raise InputError if a map needs what is not given."""
    for method in methods:
        needs = MAP_METHODS[method].needs
        if needs and (method if needs == "detectors" else needs) not in given:
            raise InputError(f"the map {method} needs {_NEEDED[needs]}: leave it out here")


def gather_maps(
    network: nn.Module,
    images: Images,
    *,
    methods: Sequence[str],
    on_batch: Callable[[int], object] = lambda count: None,
    **settings: Any,
) -> dict[str, NDArray[np.float32]]:
    """The maps that `compute_maps` yields, on disk; the reconstruction is dropped.

    Args:
        network: As of `compute_maps`.
        images: As of `compute_maps`.
        methods: As of `compute_maps`.
        on_batch: Called with the number of images done.
        **settings: The other keywords of `compute_maps`.

    Returns:
        Each method's maps (N, H, W), memory-mapped where they are large.
    """

    def batches() -> Iterator[dict[str, NDArray[np.float32]]]:
        for batch in compute_maps(network, images, methods=methods, **settings):
            yield {method: batch[method] for method in methods}
            on_batch(len(batch["reconstruction"]))

    none = np.empty((0, *images.shape[2:]), np.float32)
    return dict.fromkeys(methods, none) | spooled(batches())
