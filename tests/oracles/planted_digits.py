"""Bundled digits with novelties in them, as the tests of planting and of its figure take them."""

import functools

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from novelty_maps.planting.ground_truth import with_ground_truth
from novelty_maps.planting.kinds import KINDS, Scene
from novelty_maps.planting.plant import plant_novelties


@functools.cache
def digits(*, channels=1, side=32):
    """Normal and novel images: bundled digits of any side, each channel in another shade."""
    bunch = load_digits()
    places = np.arange(side) * 8 // side
    grey = bunch.images[:, None, places[:, None], places] * (255 / 16)
    images = np.round(grey * np.linspace(1, 0.5, channels)[:, None, None]).astype(np.uint8)
    return images[bunch.target < 5], images[bunch.target >= 5]


NORMAL, FOREIGN = digits()
ROWS = pd.DataFrame({"row": 3 * np.arange(len(NORMAL)), "label": np.arange(len(NORMAL)) % 7})


def plant(images=NORMAL, foreign=FOREIGN, *, seed=0, rows=ROWS, **changed):
    settings = {"kinds": list(KINDS), "sizes": [0.25, 0.5], "intensities": [0.5, 1.0], "count": 88}
    return plant_novelties(
        images,
        rows[: len(images)],
        foreign,
        generator=np.random.default_rng(seed),
        **{**settings, **changed},
    )


def full_change(kind, row, *, size=12, images=NORMAL, foreign=FOREIGN):
    image = images[row].astype(np.float64)
    scene = Scene(image, foreign, size)
    full = KINDS[kind](scene, np.random.default_rng(row))
    np.testing.assert_array_equal(image, images[row])  # is left as it was
    return image, full


def with_masks(planted, *, mask_rows, normal=NORMAL, rows=ROWS, groups=None):
    masks = np.zeros((3, 32, 32), np.bool_)
    masks[0, 2:5, 3:7] = masks[2, 10, 10] = True
    return with_ground_truth(
        planted,
        (normal, rows[: len(normal)]),
        (FOREIGN[: len(mask_rows)], np.array([f"class {i}" for i in range(len(mask_rows))])),
        masks,
        np.array(mask_rows),
        generator=np.random.default_rng(0),
        groups=groups,
    )
