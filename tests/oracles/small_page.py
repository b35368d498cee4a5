"""A small page of numbers made by hand: twelve test images, six with a novelty, all questions."""

import numpy as np
import pandas as pd
from oracles import detection_tables
from oracles.localization_tables import localization

from novelty_maps.page.parts import (
    agreement_part,
    localization_part,
    representation_part,
    whole_page,
)
from novelty_maps.planting.planted import Planted

COUNT, SIDE, K = 12, 8, 5
CLASSES = ["ape", "bee </script>", "cat & co"]
SETTINGS = {"metrics": {"k": K}, "split": {"normal_classes": [0, 1]}}
METHODS = ["reconstruction_error", "saliency", "uniform"]


def images(*, count=COUNT, channels=1, side=SIDE, seed=0):
    """Random images, reconstructions and maps: uint8, float32, a mapping of float32."""
    generator = np.random.default_rng(seed)
    shape = (count, channels, side, side)
    pictures = generator.integers(0, 256, shape, dtype=np.uint8)
    maps = {
        name: generator.random((count, side, side), np.float32) ** 4
        for name in ("reconstruction_error", "saliency")
    }
    return pictures, generator.random(shape, np.float32), maps


def per_image(count=COUNT):
    """As `metrics/per_image.csv`, as far as the page reads it."""
    generator = np.random.default_rng(1)
    row = np.arange(count)
    return pd.DataFrame(
        {
            "row": row,
            "source_row": row,
            "label": row % 3,
            "novel": (row % 3 == 2).astype(int),
            "reconstruction_loss": np.geomspace(0.001, 0.1, count)[generator.permutation(count)],
            "agreement": row % (K + 1),
            "max_distance_saliency_to_error": generator.permutation(count) / 2,
            "indirect_share": generator.random(count),
        }
    )


def agreement_metrics(*, low=-0.5, high=0.9, auroc=0.75):
    """As `metrics/agreement.json`, as far as the page reads it."""
    return {
        "k": K,
        "normal": {"agreement": {"estimate": 1.5, "low": 1.25, "high": 1.75}},
        "novel": {"agreement": {"estimate": 0.5, "low": None, "high": None}},
        "chance": {"agreement": 0.25},
        "normal_minus_novel": {"agreement": {"estimate": 0.2, "low": low, "high": high}},
        "detection": {"image_auroc": {"estimate": auroc}},
    }


def by_k(pixels=SIDE**2):
    """As `metrics/agreement_by_k.csv`, as far as the page reads it."""
    k = np.arange(1, pixels + 1)
    table = pd.DataFrame({"k": k, "chance_agreement": k**2 / pixels})
    for kind, power in (("normal", 1.2), ("novel", 1.5)):
        center = pixels * (k / pixels) ** power
        for end, factor in (("", 1.0), ("_low", 0.9), ("_high", 1.1)):
            table[f"{kind}_agreement{end}"] = center * factor
    return table


def planted(*, channels=1, side=SIDE):
    """Six images with a square of 2×2 pixels, the last one the data set's own."""
    before, _, _ = images(count=6, channels=channels, side=side, seed=2)
    mask = np.zeros((6, side, side), np.bool_)
    for row in range(6):
        mask[row, row : row + 2, 1:3] = True
    after = np.where(mask[:, None], 255 - before, before)
    kinds = ["square", "disk"] * 2 + ["square", "ground_truth"]
    table = pd.DataFrame(
        {
            "row": np.arange(6),
            "base_row": np.arange(6),
            "label": 0,
            "kind": kinds,
            "size": [0.2, 0.2, 0.5, 0.5, 0.5, np.nan],
            "intensity": [1.0, 0.5, 1.0, 0.5, 0.5, np.nan],
            "mask_pixels": 4,
            "paired": [1] * 5 + [0],
        }
    )
    return Planted(before, after, mask, table)


def planted_maps(side=SIDE):
    """A map that marks the novelty, one at random, and one of zeros."""
    generator = np.random.default_rng(3)
    noise = generator.random((6, side, side), np.float32)
    found = noise * 0.5 + planted(side=side).mask
    return dict(zip(METHODS, (found.astype(np.float32), noise, 0 * noise), strict=True))


def found():
    """As `data/localized_images.csv`; one number is undefined."""
    table = pd.DataFrame(
        [
            {"row": row, "method": method, "average_precision": ((7 * row + 3 * at) % 11) / 11}
            for at, method in enumerate(METHODS)
            for row in range(6)
        ]
    )
    table.loc[0, "average_precision"] = np.nan
    return table


def scores(count=COUNT):
    """As `data/scores.csv`, of some detectors of `detection_tables.TABLE`."""
    generator = np.random.default_rng(4)
    table = per_image(count)[["row", "label", "novel"]].copy()
    for name in ("nominal/max_logit", "nominal/forest", "hybrid/max_logit", "all_classes/forest"):
        table[name] = generator.random(count)
    return table


def small_parts(*, count=COUNT, channels=1, side=SIDE):
    """Question to what it brings."""
    pictures, reconstructions, maps = images(count=count, channels=channels, side=side)
    look = {"colormap": "gray", "seed": 0}
    return {
        "agreement": agreement_part(
            agreement_metrics(),
            per_image(count),
            by_k(),
            pictures,
            reconstructions,
            maps,
            classes=CLASSES,
            **look,
        ),
        "localization": localization_part(
            localization({"reconstruction_error": 0.4, "saliency": 0.35, "uniform": 0.1}),
            found(),
            planted(channels=channels, side=side),
            planted_maps(side),
            **look,
        ),
        "representation": representation_part(detection_tables.TABLE, scores(count)),
    }


def small_page(**changed):
    """The page of all three."""
    return whole_page(small_parts(**changed), facts={"data set": "small"}, settings=SETTINGS)
