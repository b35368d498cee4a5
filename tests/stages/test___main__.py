"""The program novelty-maps: a folder of normal photos and one of new ones are all that it needs."""

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from oracles.frozen_network import CPU, pooled_network
from oracles.image_folders import pixels_of, save
from oracles.parameters import section
from oracles.small_autoencoder import network
from PIL import Image

import stages.__main__ as program
from novelty_maps.detectors import fit
from novelty_maps.images.new import read_images
from novelty_maps.images.results import read_results
from novelty_maps.localization.photos import score_photos
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.pipeline.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def photos(tmp_path, monkeypatch):
    """A folder that is no workspace: normal photos and new ones, and nothing else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit, "imagenet_network", lambda params: pooled_network())
    for number in range(10):
        save(Path("normal", f"{number}.png"), pixels_of(number, 40, 40, 3))
    save(Path("normal/more/0.jpg"), pixels_of(11, 40, 40, 3))
    for number in range(3):
        save(Path("new", f"{number}.png"), pixels_of(20 + number, 50, 30, 3))


def test_files_hold_what_the_library_says_of_the_photos(capsys):
    program.score([Path("new")], Path("normal"), false_positive_rate=0.1, image_size=32, fit="pad")
    normal = [*sorted(Path("normal").glob("*.png")), Path("normal/more/0.jpg")]
    found = score_photos(
        sorted(Path("new").iterdir()),
        normal,
        section(DetectorsParams, "detectors", image_size=32),
        false_positive_rate=0.1,
        fit="pad",
        device=CPU,
    )
    table = pd.read_csv("scores/scores.csv")
    assert table.pop("name").tolist() == [0, 1, 2]
    assert set(table.pop("fit")) == {"pad"}
    pd.testing.assert_frame_equal(table, found.table, check_dtype=False, rtol=1e-8)
    (marked,) = found.marked.values()
    for number in range(3):
        values = np.load(f"scores/{number}.patchcore.npy")
        np.testing.assert_array_equal(values, marked.maps[number])
        mask = np.asarray(Image.open(f"scores/{number}.patchcore.mask.png"))
        np.testing.assert_array_equal(mask, 255 * marked.masks[number])
        assert Image.open(f"scores/{number}.patchcore.png").size == (256, 256)
    said = capsys.readouterr().out
    assert said.endswith("3 images in scores/scores.csv\nof 2 normal photos: p-values from 0.33\n")


def test_a_trained_autoencoder_is_taken_by_its_path():
    torch.save(network().state_dict(), "weights.pt")
    program.score([Path("new/1.png")], Path("normal"), model=Path("weights.pt"))
    names = {path.name for path in Path("scores").iterdir()}
    maps = ("reconstruction_error", "saliency")
    endings = ("npy", "png", "mask.png")
    assert names == {f"1.{map_}.{end}" for map_ in maps for end in endings} | {"scores.csv"}
    (p,) = pd.read_csv("scores/scores.csv")["p_value"]
    assert round(12 * p, 9) in range(1, 13)  # among all eleven: nothing was fitted on them


def test_page_shows_what_was_scored(capsys):
    settings = {"method": ["distance_to_mean", "uniform"], "image_size": 32, "fit": "pad"}
    program.score([Path("new")], Path("normal"), **settings)
    program.page()
    assert capsys.readouterr().out.endswith("scores/page.html\n")
    text = Path("scores/page.html").read_text()
    for number in range(3):
        assert f"<td>new/{number}.png</td>" in text
    assert "marked by |x − mean|" in text
    program.score([Path("new")], Path("normal"), **settings)  # the page is no photo of the folder
    program.page(output=Path("elsewhere.html"))
    assert Path("elsewhere.html").exists()


def test_page_after_another_run_into_the_same_folder_has_that_ones_maps():
    settings = {"method": ["distance_to_mean"], "image_size": 32, "fit": "pad"}
    save(Path("new/a/0.png"), pixels_of(30, 50, 30, 3))
    program.score([Path("new")], Path("normal"), **settings)
    save(Path("new/a/0.png"), pixels_of(31, 30, 50, 3))
    program.score([Path("new/a")], Path("normal"), **settings)
    found = read_results(Path("scores"))
    picture = np.asarray(Image.open("scores/0.distance_to_mean.png"))
    np.testing.assert_array_equal(found.overlays["distance_to_mean"][0], picture)
    photos, _ = read_images([Path("new/a/0.png")], (3, *picture.shape[:2]), "pad")
    np.testing.assert_array_equal(found.photos[0], photos[0].transpose(1, 2, 0))


def test_page_of_nothing_is_an_error():
    with pytest.raises(InputError, match=r"scores.csv does not exist: give a folder that `novelty"):
        program.page(Path("new"))
    assert not Path("new/page.html").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"normal": Path("nowhere")}, "nowhere is no folder: give one of normal images"),
        ({"method": ["saliency"]}, "saliency is a map of an autoencoder"),
        ({"network": "resnet19"}, "network is 'resnet19'"),
        ({"image_size": 8}, "image_size is 8"),
        ({"network": "resnet18"}, "name a state dict of torchvision's resnet18"),
        ({"false_positive_rate": 1.0}, "--false-positive-rate is 1"),
    ],
)
def test_bad_input_is_an_error_and_nothing_is_written(settings, said):
    with pytest.raises(InputError, match=said):
        program.score(**{"images": [Path("new")], "normal": Path("normal")} | settings)
    assert not Path("scores").exists()


def test_installed_program_is_this_one_and_says_so_without_pytorch():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"novelty-maps": "stages.__main__:main"}
    code = (
        "import sys, stages.__main__; sys.argv[1:] = ['score', '--help']\n"
        "try: stages.__main__.main()\n"
        "finally: print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    first, *_, last = done.stdout.splitlines()
    assert first == "Usage: novelty-maps score [OPTIONS] {IMAGES}..."
    assert last == "False"
    assert "--normal" in done.stdout
