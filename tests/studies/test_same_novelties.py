"""The same novelties of several experiments, from a scratch repository of git and DVC."""

import json

import numpy as np
import pandas as pd
import pytest
from oracles.kept_experiments import array, found, text
from oracles.localization_tables import localization
from oracles.small_compared import picture

from novelty_maps.pipeline.errors import InputError
from studies.same_novelties import images_of_localization

SIDE, K = 4, 3
SAID = ["first", "second"]


def planted_files(seed, *, changed=(), rows=range(5)):
    """What a run about localization leaves: five planted images, some changed, in some order."""
    rows = np.array(rows)
    generator = np.random.default_rng(0)
    before = generator.integers(0, 256, (5, 1, SIDE, SIDE), np.uint8)
    mask = np.zeros((len(rows), SIDE, SIDE), np.bool_)
    mask[:, 1:3, 1:3] = True
    after = before.copy()
    after[list(changed)] = 7
    before, after = before[rows], after[rows]
    columns = {"row": range(len(rows)), "base_row": rows, "label": 0, "kind": "disk"}
    table = pd.DataFrame(columns | {"size": 0.5, "intensity": 1.0, "mask_pixels": 4, "paired": 1})
    methods = ("reconstruction_error", "saliency")
    precision = pd.DataFrame(
        [
            {"row": place, "method": name, "average_precision": (row + seed + at) / 10}
            for at, name in enumerate(methods)
            for place, row in enumerate(rows)
        ]
    )
    noise = np.random.default_rng(seed).random((2, 5, SIDE, SIDE), np.float32)[:, rows]
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
    assert shown["total"] == 3
    for seed, run in enumerate(shown["runs"]):
        values = [number["saliency"] for number in run["numbers"]]
        assert values == pytest.approx([(row + seed + 1) / 10 for row in (0, 2, 4)])
        assert set(run["sheets"]) == {"reconstruction_error", "saliency"}
    with pytest.raises(InputError, match="no novelty is the same"):
        images_of_localization(
            found(kept, planted_files(0), planted_files(1, changed=range(5))), SAID
        )


def test_novelties_are_the_same_in_whatever_row_they_stand(kept):
    runs = found(kept, planted_files(0, rows=[0, 2, 3, 4]), planted_files(1, rows=[4, 1, 0, 2, 2]))
    shown = images_of_localization(runs, SAID)
    assert [row["row"] for row in shown["rows"]] == [0, 1, 3]  # of the first run
    for seed, run in enumerate(shown["runs"]):
        values = [number["saliency"] for number in run["numbers"]]
        assert values == pytest.approx([(image + seed + 1) / 10 for image in (0, 2, 4)])
        maps = np.random.default_rng(seed).random((2, 5, SIDE, SIDE), np.float32)[1]
        for place, image in enumerate((0, 2, 4)):
            brightest = picture(run["sheets"]["saliency"], place).argmax()
            assert brightest == maps[image].argmax()


def test_novelty_with_another_mask_is_another(kept):
    other = planted_files(1)
    other["data/planted/test.mask.npy"] = array(np.eye(SIDE, dtype=np.bool_)[None].repeat(5, 0))
    with pytest.raises(InputError, match="no novelty is the same"):
        images_of_localization(found(kept, planted_files(0), other), SAID)
