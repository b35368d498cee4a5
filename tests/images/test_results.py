"""Results of `score` are read as they were written, whatever photos are called."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.image_folders import pixels_of, save
from PIL import Image

from novelty_maps.images.new import read_images
from novelty_maps.images.results import read_results
from novelty_maps.pipeline.errors import InputError

SIDE = 16


NAMES = ("001", "NA", "a/001", "b/a/001")  # as text, whatever they look like


@pytest.fixture(autouse=True)
def scored(tmp_path, monkeypatch):
    """Photos that lie in folders of equal names, and what score would write of them."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(NAMES):
        save(Path("a", f"{name}.png"), pixels_of(seed, 30, 20 + seed, 3))
        save(Path(f"scores/{name}.patchcore.png"), pixels_of(50 + seed, SIDE, SIDE, 3))
    return write("pad")


def write(fit, **changed):
    """The table of them."""
    files = {name: Path(f"a/{name}.png") for name in NAMES}
    columns = {"file": [str(file) for file in files.values()], "novelty_score": 0.5, "p_value": 0.1}
    columns |= {"patchcore_marked": 0.25, "name": NAMES, "fit": fit}
    table = pd.DataFrame(columns).assign(**changed)
    table.to_csv("scores/scores.csv", index=False)
    return table


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_photos_and_maps_belong_together_as_the_table_says(fit):
    table = write(fit)
    results = read_results(Path("scores"))
    photos, _ = read_images(map(Path, table["file"]), (3, SIDE, SIDE), fit)
    assert list(results.overlays) == ["patchcore"]
    assert len(results.photos) == 4
    for place, name in enumerate(NAMES):
        np.testing.assert_array_equal(results.photos[place], photos[place].transpose(1, 2, 0))
        written = np.asarray(Image.open(f"scores/{name}.patchcore.png"))
        np.testing.assert_array_equal(results.overlays["patchcore"][place], written)


def test_files_that_an_earlier_run_has_left_are_not_taken():
    photos = read_results(Path("scores")).overlays["patchcore"]
    write("pad", name=["001", "NA", "001", "NA"])  # such as of photos given one by one
    later = read_results(Path("scores")).overlays["patchcore"]
    for place in range(4):
        np.testing.assert_array_equal(later[place], photos[place % 2])


def test_grey_photo_has_no_colour():
    save(Path("a/001.png"), pixels_of(0, 30, 20))
    results = read_results(Path("scores"))
    assert [results.photos[place].ndim for place in range(2)] == [2, 3]


def test_what_is_missing_is_an_error_that_names_it():
    shutil.move("scores/a/001.patchcore.png", "elsewhere.png")
    with pytest.raises(InputError, match=r"has no a/001.patchcore.png: score the photos again"):
        read_results(Path("scores"))
    shutil.move("a", "b")
    with pytest.raises(InputError, match=r"does not exist: run this where score was run"):
        read_results(Path("scores"))
    with pytest.raises(InputError, match=r"nowhere/scores.csv does not exist"):
        read_results(Path("nowhere"))


@pytest.mark.parametrize("damage", ["no rows", "no map", "no such fit"])
def test_table_that_is_none_of_results_is_an_error(scored, damage):
    table = {
        "no rows": scored[:0],
        "no map": scored.drop(columns="patchcore_marked"),
        "no such fit": scored.assign(fit="squeeze"),
    }[damage]
    table.to_csv("scores/scores.csv", index=False)
    with pytest.raises(InputError, match=r"scores.csv has no photo, no map or another fit: score"):
        read_results(Path("scores"))


def test_table_of_an_earlier_version_is_an_error(scored):
    scored.drop(columns="name").to_csv("scores/scores.csv", index=False)
    with pytest.raises(InputError, match=r"scores.csv lacks the column name"):
        read_results(Path("scores"))
