"""Stage `plots`: the figures of agreement, and no other file beside them."""

import subprocess
import sys
from pathlib import Path

import pytest
from oracles.small_run import PLOTS

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


def test_unknown_colour_map_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"plots.colormap is 'greyish'"):
        plots.main(PLOTS.model_copy(update={"colormap": "greyish"}))


def test_figures_need_no_torch(agreement_workspace):
    code = "import sys; from stages.plots import main, PlotsParams; "
    code += f"main({PLOTS!r}); print('torch' in sys.modules)"
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "False\n", done.stderr
