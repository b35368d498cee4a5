"""Maps computed batch by batch straight into files, so that memory holds one batch only."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from novelty_maps.maps.compute import compute_maps
from novelty_maps.maps.files import RECONSTRUCTION
from novelty_maps.pipeline import arrays
from novelty_maps.pipeline.rows import Images


def stream_maps(
    network: nn.Module,
    images: Images,
    targets: Mapping[str, Path],
    *,
    on_batch: Callable[[int], object] = lambda count: None,
    **settings: Any,
) -> None:
    """Compute maps of all images and write each to its file.

    Args:
        network: As of `compute_maps`.
        images: (N, C, H, W) uint8.
        targets: Method to the file of its maps, (N, H, W) float32; "reconstruction", which is no
            method, may be among them and has the shape of the images.
        on_batch: Called with the number of images done.
        **settings: The other keywords of `compute_maps`; the methods are those of `targets`.

    Raises:
        InputError: As of `compute_maps`.
    """
    methods = [name for name in targets if name != RECONSTRUCTION]
    batches = compute_maps(network, images, methods=methods, **settings)
    shape = (len(images), *images.shape[2:])
    with ExitStack() as stack:
        streams = {
            name: stack.enter_context(
                arrays.stream_array(
                    path, images.shape if name == RECONSTRUCTION else shape, np.float32
                )
            )
            for name, path in targets.items()
        }
        for batch in batches:
            for name, stream in streams.items():
                stream.append(batch[name])
            on_batch(len(batch[RECONSTRUCTION]))
