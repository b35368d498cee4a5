"""Stage `fetch`: images, labels, masks and a record of where they come from."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.forked import run_module
from oracles.image_folders import SIZE, class_folders, mvtec
from oracles.parameters import section, write_params

from novelty_maps.images.folders import load_folder
from novelty_maps.images.listing import list_images
from novelty_maps.params.data import DataParams
from novelty_maps.pipeline.options import from_sections
from novelty_maps.pipeline.paths import RAW_IMAGES, RAW_LABELS, RAW_MASKS, RAW_PROVENANCE
from stages import fetch

pytestmark = pytest.mark.usefixtures("workspace")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pets(tmp_path):
    return class_folders(tmp_path / "pets")


@pytest.fixture
def bottle(tmp_path):
    return mvtec(tmp_path / "bottle")


def fetched(**changes):
    """Run the stage with changed settings; returns its provenance."""
    fetch.main(section(DataParams, "data", **changes))
    return json.loads(RAW_PROVENANCE.read_text())


def test_images_labels_and_provenance_of_a_folder_are_stored(pets, capsys):
    provenance = fetched(name="folder", path=str(pets), image_size=12)
    expected = load_folder(list_images(str(pets)), 12)
    np.testing.assert_array_equal(np.load(RAW_IMAGES), expected.images)
    labels = pd.read_csv(RAW_LABELS)
    assert labels.columns.tolist() == ["label", "official_part", "mask"]
    assert labels["label"].tolist() == expected.labels.tolist()
    assert labels["official_part"].tolist() == expected.official_part.tolist()
    assert provenance == {
        "name": "folder",
        "source": "images of a folder",
        "files": expected.files,
        "classes": ["cat", "dog"],
        "native_size": "8×8",
        "image_size": 12,
        "channels": 3,
        "counts": {"train": 6, "test": 4},
    }
    assert str(pets) not in RAW_PROVENANCE.read_text()
    assert capsys.readouterr().out == (
        "folder: 10 images of 8×8, stored as (3, 12, 12)\nclasses: 0 = cat, 1 = dog\n"
    )


def test_masks_of_a_folder_are_stored_with_their_places(bottle):
    fetched(name="folder", path=str(bottle), image_size=SIZE)
    expected = load_folder(list_images(str(bottle)), SIZE)
    np.testing.assert_array_equal(np.load(RAW_MASKS), expected.masks)
    assert pd.read_csv(RAW_LABELS)["mask"].tolist() == expected.mask_rows.tolist()


@pytest.mark.parametrize("own", [True, False])
def test_data_set_without_masks_has_an_empty_file_of_them(pets, own):
    fetched(**({"name": "folder", "path": str(pets)} if own else {}), image_size=SIZE)
    masks = np.load(RAW_MASKS)
    assert masks.shape == (0, SIZE, SIZE)
    assert masks.dtype == np.bool_
    assert set(pd.read_csv(RAW_LABELS)["mask"]) == {-1}


def test_digits_need_no_folder_and_are_named_and_resized():
    provenance = fetched(name="digits", image_size=12)
    assert provenance["classes"] == list("0123456789")
    assert provenance["native_size"] == "8×8"
    assert provenance["counts"] == {"none": 1797}
    assert np.load(RAW_IMAGES).shape == (1797, 1, 12, 12)


def test_name_on_the_command_line_leaves_the_path_of_the_file_aside(pets, workspace):
    write_params(workspace, data={"name": "folder", "path": str(pets)})
    command = from_sections(fetch.main)
    command(
        params=Path("params.yaml"), name="digits", path=None, groups=None, image_size=8, fit=None
    )
    assert json.loads(RAW_PROVENANCE.read_text())["name"] == "digits"


def test_bad_image_costs_no_earlier_result_and_is_one_line(pets, workspace):
    write_params(workspace)
    fetched(name="folder", path=str(pets))
    before = RAW_IMAGES.read_bytes()
    bad = pets / "test/cat/1.png"
    bad.write_bytes(b"")
    done = run_module("stages.fetch", "--name", "folder", "--path", str(pets))
    assert done.status == 1
    lines = [line for line in done.err.splitlines() if line and "img/s" not in line]
    assert lines == [
        f"error: {bad} cannot be read as an image (the file is empty): replace it or remove it"
    ]
    assert RAW_IMAGES.read_bytes() == before
