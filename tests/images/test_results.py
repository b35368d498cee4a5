"""Results of `score` are read as they were written, whatever photos are called."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.image_folders import pixels_of, save
from PIL import Image

from novelty_maps.images.new import find_images, read_images
from novelty_maps.images.results import read_results
from novelty_maps.pipeline.errors import InputError

SIDE = 16


@pytest.fixture(autouse=True)
def scored(tmp_path, monkeypatch):
    """Photos of which some lie in a folder of the same name, and what score would write of them."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a/x.png", "x.png", "b/x.jpg", "a/b/x.png")):
        save(Path("a", name), pixels_of(seed, 30, 20 + seed, 3))
    found = find_images([Path("a")], output=Path("scores"))
    for seed, name in enumerate(found):
        save(Path(f"scores/{name}.patchcore.png"), pixels_of(50 + seed, SIDE, SIDE, 3))
        save(Path(f"scores/{name}.patchcore.mask.png"), pixels_of(90, SIDE, SIDE))
    columns = {"file": [str(file) for file in found.values()], "novelty_score": 0.5}
    table = pd.DataFrame(columns | {"p_value": 0.1, "patchcore_marked": 0.25})
    table.to_csv("scores/scores.csv", index=False)
    return found


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_photos_and_maps_belong_together(scored, fit):
    results = read_results(Path("scores"), fit=fit)
    photos, _ = read_images(scored.values(), (3, SIDE, SIDE), fit)
    assert list(results.overlays) == ["patchcore"]
    assert len(results.photos) == 4
    for place, name in enumerate(scored):
        np.testing.assert_array_equal(results.photos[place], photos[place].transpose(1, 2, 0))
        written = np.asarray(Image.open(f"scores/{name}.patchcore.png"))
        np.testing.assert_array_equal(results.overlays["patchcore"][place], written)
    assert len(results.photos[1:3]) == 2


def test_grey_photo_has_no_colour():
    save(Path("a/x.png"), pixels_of(0, 30, 20))
    assert {photo.ndim for photo in read_results(Path("scores"), fit="pad").photos} == {2, 3}


def test_what_is_missing_is_an_error_that_names_it():
    shutil.move("scores/a/x.patchcore.png", "elsewhere.png")
    with pytest.raises(InputError, match=r"scores has no x.patchcore.png: score the photos again"):
        read_results(Path("scores"), fit="pad")
    shutil.move("a", "b")
    with pytest.raises(InputError, match=r"does not exist: run this where score was run"):
        read_results(Path("scores"), fit="pad")
    with pytest.raises(InputError, match=r"nowhere/scores.csv does not exist"):
        read_results(Path("nowhere"), fit="pad")
