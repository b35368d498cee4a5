"""What a map shows of the planted images, at the blur that serves it best."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.localization.aupro import ProProfile, pro_profile, pro_thresholds
from novelty_maps.localization.measures import (
    blur,
    image_chunks,
    image_separation,
    pointing_game,
    relevance_rank_accuracy,
)
from novelty_maps.pipeline.boxes import Boxes, Real, real_pixels
from novelty_maps.planting.planted import PairBoxes


class Found(NamedTuple):
    """What a map shows of N planted images.

    Attributes:
        blur: Standard deviation of the Gaussian blur in pixels.
        maps: Blurred maps of the novel images and, after them, of the normal ones, (2N, H, W).
        images: A row per image: average_precision, auroc, pointing_game,
            relevance_rank_accuracy.
        profile: PRO profile of the novel images and, after them, of the normal ones, of 2N.
        real: Where the novel images and, after them, the normal ones are no padding, (2N, H, W);
            everywhere if None.
    """

    blur: float
    maps: NDArray[np.float32]
    images: pd.DataFrame
    profile: ProProfile
    real: Real = None

    @property
    def after(self) -> NDArray[np.float32]:
        """Blurred maps of the novel images (N, H, W)."""
        return self.maps[: len(self.images)]

    @property
    def before(self) -> NDArray[np.float32]:
        """Blurred maps of the normal images (N, H, W)."""
        return self.maps[len(self.images) :]


def best_blur(
    maps: NDArray[np.float32],
    masks: NDArray[np.bool_],
    blurs: Sequence[float],
    boxes: Boxes | None = None,
) -> float:
    """The blur with the highest mean average precision, the least of equal ones.

    Args:
        maps: (N, H, W) maps of validation images.
        masks: (N, H, W) bool.
        blurs: Standard deviations in pixels.
        boxes: (N, 4) of padded images.
    """
    real = real_pixels(boxes, maps.shape[1:])
    precision = {
        sigma: image_separation(blur(maps, sigma, boxes), masks, real).average_precision.mean()
        for sigma in sorted(blurs)
    }
    return max(precision, key=precision.__getitem__)


def find(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    masks: NDArray[np.bool_],
    *,
    sigma: float,
    boxes: PairBoxes | None = None,
) -> Found:
    """Blur a map and measure how well it finds the novelty of each image.

    Maps count by their magnitude. They are read a few images at a time, so that beside those of
    files only the blurred ones are in memory.

    Args:
        before: (N, H, W) maps of the normal images.
        after: (N, H, W) maps of the novel images.
        masks: (N, H, W) bool, where they are novel.
        sigma: Standard deviation of the blur in pixels.
        boxes: Of padded images, before and after.
    """
    own, others = boxes or (None, None)
    maps = np.empty((2 * len(after), *after.shape[1:]), np.float32)
    _blur_into(maps[: len(after)], after, sigma, others)
    _blur_into(maps[len(after) :], before, sigma, own)
    blurred = maps[: len(after)]
    real = real_pixels(others, masks.shape[1:])
    separation = image_separation(blurred, masks, real)
    images = pd.DataFrame(
        {
            "average_precision": separation.average_precision,
            "auroc": separation.auroc,
            "pointing_game": pointing_game(blurred, masks, real),
            "relevance_rank_accuracy": relevance_rank_accuracy(blurred, masks, real),
        }
    )
    both = with_normal(masks)
    if boxes is not None:
        real = real_pixels(np.concatenate([boxes.after, boxes.before]), masks.shape[1:])
    profile = pro_profile(maps, both, pro_thresholds(maps, both, real=real), real)
    return Found(sigma, maps, images, profile, real)


def with_normal(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Masks of the novel images and, after them, of the normal ones, (2N, H, W)."""
    return np.concatenate([masks, np.zeros_like(masks)])


def _blur_into(
    blurred: NDArray[np.float32], maps: NDArray[np.float32], sigma: float, boxes: Boxes | None
) -> None:
    """Write the blurred magnitudes of maps (N, H, W) into an array of their shape."""
    for few in image_chunks(maps):
        blurred[few] = blur(np.abs(maps[few]), sigma, None if boxes is None else boxes[few])
