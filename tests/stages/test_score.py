"""Command `score`: new images beside the normal validation images, and nothing half written."""

import os

import numpy as np
import pandas as pd
import pytest
import torch
from oracles.image_folders import SIZE, pixels_of, save
from oracles.parameters import section
from PIL import Image

from novelty_maps.autoencoders.trained import load_autoencoder
from novelty_maps.localization.scoring import score_images
from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.split import SplitParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.parts import load_part
from stages import fetch, score, split, train

DATA = section(DataParams, "data")
MAPS = section(MapsParams, "maps", device="cpu")
DETECTORS = section(DetectorsParams, "detectors")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with a network of principal components, and new images beside it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("finished")
        patch.chdir(folder)
        fetch.main(section(DataParams, "data", image_size=SIZE))
        split.main(section(SplitParams, "split"))
        train.main(section(TrainParams, "train", network="pca", code_length=4, device="cpu"))
        for number in range(3):
            save(folder / "new" / f"{number}.png", pixels_of(number, SIZE, SIZE))
    return folder


@pytest.fixture
def scored(finished, monkeypatch, tmp_path):
    """Scores the new images with settings of one's own; returns the folder of the results."""
    monkeypatch.chdir(finished)

    def run(**settings):
        score.main(
            [finished / "new"], DATA, MAPS, DETECTORS, output=tmp_path / "scores", **settings
        )
        return tmp_path / "scores"

    return run


def test_files_hold_what_the_library_says_of_the_images(scored, finished, capsys):
    folder = scored(method=["saliency", "sobel"], false_positive_rate=0.1)
    new = np.stack([pixels_of(number, SIZE, SIZE)[None] for number in range(3)])
    table, marked = score_images(
        load_autoencoder(None),
        new,
        load_part("validation", novel=False)[0],
        names=[str(finished / f"new/{number}.png") for number in range(3)],
        methods=["saliency", "sobel"],
        false_positive_rate=0.1,
        batch_size=256,
        device=torch.device("cpu"),
    )
    written = pd.read_csv(folder / "scores.csv")
    assert written.pop("name").tolist() == [0, 1, 2]
    assert set(written.pop("fit")) == {DATA.fit}
    pd.testing.assert_frame_equal(written, table, check_dtype=False)
    for name, found in marked.items():
        for number in range(3):
            kept = np.load(folder / f"{number}.{name}.npy")
            np.testing.assert_array_equal(kept, found.maps[number])
            mask = np.asarray(Image.open(folder / f"{number}.{name}.mask.png"))
            np.testing.assert_array_equal(mask, 255 * found.masks[number])
            assert Image.open(folder / f"{number}.{name}.png").size == (256, 256)
    assert not (folder / "0.reconstruction_error.npy").exists()
    assert capsys.readouterr().out.endswith(f"3 images in {folder}/scores.csv\n")


def test_error_and_saliency_are_written_if_no_map_is_named(scored):
    names = {path.name for path in scored().iterdir()}
    expected = {
        f"{number}.{name}.{ending}"
        for number in range(3)
        for name in ("reconstruction_error", "saliency")
        for ending in ("npy", "png", "mask.png")
    }
    assert names == expected | {"scores.csv"}


def test_map_that_needs_the_mean_training_image_gets_it(scored):
    folder = scored(method=["distance_to_mean"])
    train_images = load_part("train", novel=False)[0][:].astype(np.float64) / 255
    expected = np.abs(pixels_of(0, SIZE, SIZE) / 255 - train_images.mean(axis=(0, 1)))
    found = np.load(folder / "0.distance_to_mean.npy")
    np.testing.assert_allclose(np.corrcoef(found.ravel(), expected.ravel())[0, 1], 1, atol=0.1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"false_positive_rate": 0.0}, "--false-positive-rate is 0"),
        ({"method": ["direct_term"]}, "'direct_term' is no map to score with"),
    ],
)
def test_impossible_setting_is_an_error_and_nothing_is_written(scored, tmp_path, settings, said):
    with pytest.raises(InputError, match=said):
        scored(**settings)
    assert not (tmp_path / "scores").exists()


def test_file_that_is_no_image_is_named_and_nothing_is_written(finished, monkeypatch, tmp_path):
    monkeypatch.chdir(finished)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    with pytest.raises(InputError, match=r"bad\.png cannot be read as an image"):
        score.main([finished / "new", bad], DATA, MAPS, DETECTORS, output=tmp_path / "scores")
    assert not (tmp_path / "scores").exists()


def test_name_that_is_no_utf8_is_an_escape_in_the_table_and_itself_in_the_results(
    finished, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(finished)
    name = os.fsdecode(b"caf\xe9")
    save(tmp_path / "new" / f"{name}.png", pixels_of(0, SIZE, SIZE))
    score.main(
        [tmp_path / "new"], DATA, MAPS, DETECTORS, output=tmp_path / "scores", method=["sobel"]
    )
    table = pd.read_csv(tmp_path / "scores/scores.csv")
    assert table["file"].tolist() == [f"{tmp_path}/new/caf\\xe9.png"]
    assert (tmp_path / f"scores/{name}.sobel.mask.png").exists()
    assert "caf\\xe9.png" in capsys.readouterr().out


def test_results_in_the_scored_folder_are_not_scored_by_the_next_runs(
    finished, monkeypatch, tmp_path
):
    monkeypatch.chdir(finished)
    save(tmp_path / "new/a.png", pixels_of(0, SIZE, SIZE))
    for output in ("first", "first", "second"):
        score.main(
            [tmp_path / "new"],
            DATA,
            MAPS,
            DETECTORS,
            output=tmp_path / "new" / output,
            method=["sobel"],
        )
        assert len(pd.read_csv(tmp_path / "new" / output / "scores.csv")) == 1
