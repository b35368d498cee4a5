"""New photos scored among normal ones: no data set, no split, no files of the pipeline.

Of the normal photos some are kept for thresholds and p-values. The others are what a detector is
fitted on, and what a map that compares with the mean image takes that of.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.images.fit import Fit
from novelty_maps.images.listing import as_text
from novelty_maps.images.new import read_images
from novelty_maps.localization.scoring import (
    MarkedMap,
    default_methods,
    require_scorable,
    score_images,
)
from novelty_maps.maps.fitted import fit_needed
from novelty_maps.maps.methods import needs_detectors, needs_mean_image
from novelty_maps.maps.names import CONTROLS, DETECTORS, require_methods
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline.errors import InputError

KEPT = 0.2  # share of the normal photos that nothing is fitted on
_BATCH = 16  # photos at a time


class ScoredPhotos(NamedTuple):
    """What is found of new photos.

    Attributes:
        images: The photos as they were scored, (N, C, H, W) uint8.
        table: A row per photo, as of `score_images`.
        marked: Name of each map to its values and masks.
        kept: Number of normal photos that p-values are among.
    """

    images: NDArray[np.uint8]
    table: pd.DataFrame
    marked: dict[str, MarkedMap]
    kept: int


def photo_methods(network: Autoencoder | None, methods: Sequence[str]) -> list[str]:
    """The maps that are asked for; if none is, patchcore, or those of an autoencoder.

    Args:
        network: An autoencoder, if there is one.
        methods: Names of maps.

    Raises:
        InputError: A map needs an autoencoder and there is none.
    """
    if network is not None:
        return list(methods or default_methods(network))
    require_methods(methods)
    for method in methods:
        if method not in (*DETECTORS, *CONTROLS):
            raise InputError(
                f"{method} is a map of an autoencoder: give the weights of one by --model, or use"
                f" {' or '.join(DETECTORS)}"
            )
    return list(methods or DETECTORS[:1])


def score_photos(
    photos: Sequence[Path],
    normal: Sequence[Path],
    detectors: DetectorsParams,
    *,
    network: Autoencoder | None = None,
    methods: Sequence[str] = (),
    fit: Fit = "stretch",
    false_positive_rate: float = 0.01,
    device: torch.device,
    on_batch: Callable[[int], object] = lambda count: None,
) -> ScoredPhotos:
    """Score photos among normal ones.

    Args:
        photos: Files of the new photos.
        normal: Files of normal photos; none that the network was trained on.
        detectors: The frozen network of patchcore and padim, and the side that photos are brought
            to where there is no autoencoder.
        network: An autoencoder, whose maps can be asked for and whose shape images are brought to.
        methods: Names of maps, as of `photo_methods`; the first one gives the scores.
        fit: How photos that are not square become so.
        false_positive_rate: Share of the pixels of normal photos that a mask may mark.
        device: Where to compute.
        on_batch: As of `score_images`.

    Raises:
        InputError: A file cannot be read, there are too few normal photos, or as of
            `require_scorable` and `photo_methods`.
    """
    methods = photo_methods(network, methods)
    require_scorable(methods, false_positive_rate)
    some, kept = _divided(len(normal), fits=needs_detectors(methods) or needs_mean_image(methods))
    side = detectors.image_size
    shape = (3, side, side) if network is None else network.image_shape
    images, boxes = read_images(photos, shape, fit)
    others, other_boxes = read_images(normal, shape, fit)
    of_some, of_kept = (None if other_boxes is None else other_boxes[rows] for rows in (some, kept))
    table, marked = score_images(
        nn.Identity() if network is None else network,  # none of the maps then looks at it
        images,
        others[kept],
        names=[as_text(photo) for photo in photos],
        methods=methods,
        false_positive_rate=false_positive_rate,
        boxes=(boxes, of_kept),
        batch_size=_BATCH,
        device=device,
        on_batch=on_batch,
        **fit_needed(methods, others[some], of_some, detectors, device=device),
    )
    return ScoredPhotos(images, table, marked, len(kept))


def _divided(count: int, *, fits: bool) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the normal photos that something is fitted on, and of those kept, both ascending.

    They are drawn at random, the same every time. If nothing is fitted all are kept.
    """
    needed = 2 if fits else 1
    if count < needed:
        raise InputError(
            f"the number of normal photos is {count}: give {needed} at least, and 100 for p-values"
            f" down to {1 / (1 + (KEPT if fits else 1) * 100):.2g}"
        )
    if not fits:
        return np.arange(0), np.arange(count)
    order = np.random.default_rng(0).permutation(count)
    kept = max(1, round(KEPT * count))
    return np.sort(order[kept:]), np.sort(order[:kept])
