"""Novelties planted into normal images, and the masks of where they are."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from novelty_maps.pipeline.boxes import Boxes, window
from novelty_maps.pipeline.errors import InputError, did_you_mean
from novelty_maps.pipeline.rows import Images
from novelty_maps.planting.ground_truth import GROUND_TRUTH
from novelty_maps.planting.kinds import KINDS, OF_FOREIGN, Pixels, Scene
from novelty_maps.planting.planted import PairBoxes, Planted

TAU = 0.05  # a pixel is novel where it changes by more than this share of the range
MIN_PIXELS = 4  # that a mask has at least
MAX_SHARE = 0.5  # of the image that a mask covers at most
_TRIES = 30  # places tried in an image, and
_BASES = 20  # images tried, before a kind is given up


def require_kinds(kinds: Sequence[str]) -> None:
    """Raise InputError unless all kinds exist and one of them can be planted."""
    known = [*KINDS, GROUND_TRUTH]
    for kind in kinds:
        if kind not in known:
            raise InputError(
                f"plant.kinds has {kind!r}, which is no kind: "
                + did_you_mean(kind, known, what="kinds")
            )
    if set(kinds) <= {GROUND_TRUTH}:
        raise InputError(
            "plant.kinds names nothing to plant, and validation images have no defects of their"
            " own: add a kind such as foreign_patch"
        )


def require_strengths(intensities: Sequence[float]) -> None:
    """Raise InputError if an intensity is so low that nothing could show, whatever the image."""
    for intensity in intensities:
        if round(intensity * 255) <= TAU * 255:
            raise InputError(
                f"plant.intensities has {intensity:g}, at which no pixel changes by more than"
                f" {TAU:.0%} of the range, as what is planted must: remove it or raise it"
            )


def require_foreign(kinds: Sequence[str], novel_images: int, *, part: str) -> None:
    """Raise InputError if a kind is made from novel images and a part of the split has none."""
    needing = [kind for kind in kinds if kind in OF_FOREIGN]
    if needing and not novel_images:
        raise InputError(
            f"plant.kinds has {' and '.join(needing)}, made from novel images, but the {part} part"
            f" has none: remove {'them' if len(needing) > 1 else 'it'} from plant.kinds or use"
            " split.protocol open_60_20_20"
        )


def plant_novelties(
    images: Images,
    rows: pd.DataFrame,
    foreign: Images,
    *,
    kinds: Sequence[str],
    sizes: Sequence[float],
    intensities: Sequence[float],
    count: int,
    generator: np.random.Generator,
    boxes: tuple[Boxes, Boxes] | None = None,
) -> Planted:
    """Normal images with one novelty each.

    The images are drawn without replacement. The combinations of `design` take turns. A novelty
    that changes too little or too much is drawn anew elsewhere, and after some tries in another
    image. Padding stays as it is, and none is planted: an image is what its box holds.

    Args:
        images: (M, C, H, W), normal images.
        rows: Their (M) rows of the index table. An image has the group of the one it is made from.
        foreign: (F, C, H, W), novel images; none are needed for kinds not in `OF_FOREIGN`.
        kinds: Names in `KINDS`.
        sizes: Diameters or sides of the novelties as shares of the image's shorter side.
        intensities: Shares of the full change that are applied, in (0, 1].
        count: Images wanted; there are no more than M.
        generator: Draws everything.
        boxes: (M, 4) and (F, 4) of the normal and the novel images, where some are padded.

    Returns:
        The planted images, all paired.

    Raises:
        InputError: A combination cannot be planted into these images.
    """
    combinations = design(kinds, sizes, intensities)
    waiting = [int(base) for base in generator.permutation(len(images))]
    bases, afters, masks, entries = [], [], [], []
    for row, own in enumerate(generator.spawn(min(count, len(images)))):
        combination = combinations[row % len(combinations)]
        base, after, mask = _first_fit(images, waiting[:_BASES], foreign, *combination, own, boxes)
        waiting.remove(base)
        bases.append(base)
        afters.append(after)
        masks.append(mask)
        entries.append((row, *combination, np.count_nonzero(mask)))
    table = pd.DataFrame(entries, columns=["row", "kind", "size", "intensity", "mask_pixels"])
    table.insert(1, "base_row", rows["row"].to_numpy()[bases])
    table.insert(2, "label", rows["label"].to_numpy()[bases])
    table["paired"] = 1
    if "group" in rows:
        table["group"] = rows["group"].to_numpy()[bases]
    if boxes is not None:
        table = table.assign(**PairBoxes(boxes[0][bases], boxes[0][bases]).columns())
    return Planted(images[bases], np.stack(afters), np.stack(masks), table)


def design(
    kinds: Sequence[str], sizes: Sequence[float], intensities: Sequence[float]
) -> list[tuple[str, float, float]]:
    """Every combination of kind, size and intensity, so ordered that a part is balanced too.

    The kinds take turns, and each is a size and intensity ahead of the one before.
    """
    strengths = [(size, intensity) for size in sizes for intensity in intensities]
    return [
        (kind, *strengths[(turn + ahead) % len(strengths)])
        for turn in range(len(strengths))
        for ahead, kind in enumerate(kinds)
    ]


def applied(
    image: NDArray[np.uint8], full: Pixels, intensity: float
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The image with a share of a change, and where that shows.

    Args:
        image: (C, H, W).
        full: (C, H, W) in [0, 255], the image after the whole change.
        intensity: The share, in (0, 1].

    Returns:
        The changed image (C, H, W) and the mask (H, W): a channel changes by more than `TAU`.
    """
    after = np.rint(image + intensity * (full - image)).astype(np.uint8)
    change = np.abs(after.astype(np.int16) - image).max(axis=0)
    return after, change > TAU * 255


def _first_fit(
    images: Images,
    bases: Sequence[int],
    foreign: Images,
    kind: str,
    size: float,
    intensity: float,
    generator: np.random.Generator,
    boxes: tuple[Boxes, Boxes] | None,
) -> tuple[int, NDArray[np.uint8], NDArray[np.bool_]]:
    """The first image that takes the novelty; its place among the images, after, mask."""
    most = 0
    own, others = boxes or (None, None)
    for base in bases:
        place = window((0, 0, *images.shape[2:]) if own is None else own[base])
        image = images[base]
        real = image[:, *place]
        side = min(real.shape[1:])
        pixels = min(side, max(2, round(size * side)))
        scene = Scene(real.astype(np.float64), foreign, pixels, others)
        for _ in range(_TRIES):
            changed, shown = applied(real, KINDS[kind](scene, generator), intensity)
            count = int(shown.sum())
            if MIN_PIXELS <= count <= MAX_SHARE * shown.size:
                after, mask = image.copy(), np.zeros(images.shape[2:], np.bool_)
                after[:, *place], mask[place] = changed, shown
                return base, after, mask
            most = max(most, count)
    few = most < MIN_PIXELS
    raise InputError(
        f"plant.kinds has {kind}, which at size {size:g} and intensity {intensity:g} changes"
        f" {f'fewer than {MIN_PIXELS} pixels' if few else 'more than half of the image'}:"
        f" remove it from plant.kinds or choose {'larger' if few else 'smaller'} plant.sizes"
        f"{' or plant.intensities' if few else ''}"
    )
