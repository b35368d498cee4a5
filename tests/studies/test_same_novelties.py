"""The same novelties of several experiments, from a scratch repository of git and DVC."""

import json

import numpy as np
import pandas as pd
import pytest
from oracles.kept_experiments import array, found, picture, text
from oracles.localization_tables import localization

from novelty_maps.pipeline.errors import InputError
from studies.same_novelties import images_of_localization

SIDE, K = 4, 3
SAID = ["first", "second"]


def planted_files(seed, *, changed=()):
    """What a run about localization leaves: five planted images, of which some are another's."""
    generator = np.random.default_rng(0)
    before = generator.integers(0, 256, (5, 1, SIDE, SIDE), np.uint8)
    mask = np.zeros((5, SIDE, SIDE), np.bool_)
    mask[:, 1:3, 1:3] = True
    after = before.copy()
    after[list(changed)] = 7
    columns = {"row": range(5), "base_row": range(5), "label": 0, "kind": ["disk"] * 5}
    table = pd.DataFrame(columns | {"size": 0.5, "intensity": 1.0, "mask_pixels": 4, "paired": 1})
    methods = ("reconstruction_error", "saliency")
    precision = pd.DataFrame(
        [
            {"row": row, "method": name, "average_precision": (row + seed + at) / 10}
            for at, name in enumerate(methods)
            for row in range(5)
        ]
    )
    noise = np.random.default_rng(seed).random((2, 5, SIDE, SIDE), np.float32)
    arrays = {"before": before, "after": after, "mask": mask}
    maps = dict(zip(methods, noise, strict=True))
    return {
        "params.yaml": json.dumps({"metrics": {"k": K}, "train": {"seed": seed}}),
        "metrics/localization.csv": text(localization(dict.fromkeys(methods, 0.4))),
        "data/localized_images.csv": text(precision),
        "data/planted/test.csv": text(table),
        **{f"data/planted/test.{name}.npy": array(values) for name, values in arrays.items()},
        **{f"data/planted_maps/test.after.{n}.npy": array(maps[n]) for n in methods},
    }


def test_novelties_are_the_same_where_image_and_mask_are(kept):
    runs = found(kept, planted_files(0), planted_files(1, changed=[1, 3]))
    shown = images_of_localization(runs, SAID)
    assert [row["row"] for row in shown["rows"]] == [0, 2, 4]
    assert (picture(shown["sheets"]["mask"], 1)[1:3, 1:3] == 255).all()
    for seed, run in enumerate(shown["runs"]):
        values = [number["saliency"] for number in run["numbers"]]
        assert values == pytest.approx([(row + seed + 1) / 10 for row in (0, 2, 4)])
        assert set(run["sheets"]) == {"reconstruction_error", "saliency"}
    with pytest.raises(InputError, match="no novelty is the same"):
        images_of_localization(
            found(kept, planted_files(0), planted_files(1, changed=range(5))), SAID
        )
