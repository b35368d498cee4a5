"""Maps and masks of the same content, with padding around it and without."""

from typing import NamedTuple

import numpy as np

SIDE = 12


class Padded(NamedTuple):
    """N maps and masks with padding, (N, 12, 12), their boxes (N, 4), and the contents, cut out."""

    maps: np.ndarray
    masks: np.ndarray
    boxes: np.ndarray
    own_maps: list[np.ndarray]
    own_masks: list[np.ndarray]


def padded_maps(seed: int, *, count: int = 6, box: tuple[int, ...] | None = None) -> Padded:
    """Maps with ties and zeros, 0 in padding; boxes differ unless one is given."""
    random = np.random.default_rng(seed)
    maps = np.zeros((count, SIDE, SIDE), np.float32)
    masks = np.zeros(maps.shape, bool)
    boxes = np.zeros((count, 4), np.int64)
    for row in range(count):
        top, left = random.integers(0, 4, 2)
        bottom, right = random.integers(8, SIDE + 1, 2)
        boxes[row] = box or (top, left, bottom, right)
        top, left, bottom, right = boxes[row]
        place = row, slice(top, bottom), slice(left, right)
        maps[place] = random.integers(0, 6, (bottom - top, right - left)) / 4
        masks[row, top + 1 : top + 3, left : left + 3] = True
    cuts = [(row, slice(t, b), slice(le, r)) for row, (t, le, b, r) in enumerate(boxes.tolist())]
    return Padded(maps, masks, boxes, [maps[cut] for cut in cuts], [masks[cut] for cut in cuts])
