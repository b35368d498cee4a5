"""Stage `plots`: the figures of agreement, and no other file beside them."""

from pathlib import Path

import matplotlib as mpl
import pytest
from oracles.small_run import PLOTS, assert_needs_no_torch

from novelty_maps.pipeline.errors import InputError
from stages import plots

ROOT = Path(__file__).resolve().parents[2]


def test_figures_fill_their_folder_alone(agreement_workspace):
    names = {"maps", "agreement", "agreement_by_k", "training", "trajectory", "explanation"}
    old = Path("plots/agreement/old.png")
    old.touch()
    plots.main(PLOTS)
    assert {path.name for path in old.parent.iterdir()} == {
        f"{name}.png" for name in {*names, "distances"}
    }


def test_figures_are_the_same_whatever_the_user_has_set(agreement_workspace):
    folder = Path("plots/agreement")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    users = {
        "text.usetex": True,
        "text.parse_math": False,
        "font.family": "serif",
        "font.size": 17,
        "axes.grid": True,
        "axes.formatter.limits": (0, 0),
        "xtick.direction": "in",
        "lines.linewidth": 5,
        "image.interpolation": "bicubic",
        "path.sketch": (1, 100, 2),
        "figure.dpi": 37,
        "figure.facecolor": "red",
        "savefig.facecolor": "red",
        "savefig.bbox": "tight",
        "savefig.transparent": True,
    }
    with mpl.rc_context(users):
        plots.main(PLOTS)
        assert mpl.rcParams["text.usetex"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_unknown_colour_map_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"plots.colormap is 'greyish'"):
        plots.main(PLOTS.model_copy(update={"colormap": "greyish"}))


def test_figures_need_no_torch(agreement_workspace):
    assert_needs_no_torch("plots", PLOTS)
