"""Stage `check`: an impossible parameter is found before anything runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages import check
from stages.lib import paths
from stages.lib.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(workspace, **changes):
    """The repository's parameter file with some keys of some sections changed."""
    values = YAML(typ="safe").load(ROOT / "params.yaml")
    for section, changed in changes.items():
        values[section] |= changed
    YAML().dump(values, workspace / "params.yaml")
    return workspace / "params.yaml"


def test_parameters_of_the_repository_are_valid(workspace):
    check.main(write(workspace))
    assert paths.PARAMS_CHECKED.read_text() == "The parameters are valid.\n"


COMPARED = ["reconstruction_error", "saliency", "direct_term", "indirect_term"]


@pytest.mark.parametrize(
    ("section", "changed", "said"),
    [
        (
            "maps",
            {"methods": [*COMPARED, "salience"]},
            "maps.methods: there is no map 'salience'; did",
        ),
        ("maps", {"methods": [*COMPARED, "mask"]}, "maps.methods has mask, which test images have"),
        ("maps", {"methods": COMPARED[:3]}, "maps.methods lacks indirect_term, which the metrics"),
        ("localize", {"methods": [*COMPARED, "sobl"]}, "no map 'sobl'; did you mean sobel?"),
        (
            "localize",
            {"methods": [*COMPARED, "?"]},
            "localize.methods: there is no map '?'; known: rec",
        ),
        (
            "faithfulness",
            {"methods": [*COMPARED, "smooth"]},
            "faithfulness.methods: there is no map 'smooth'; ",
        ),
        ("plant", {"kinds": ["disc"]}, "plant.kinds has 'disc', which is no kind: did you mean di"),
        ("plant", {"kinds": ["ground_truth"]}, "plant.kinds names nothing to plant"),
        ("split", {"normal_classes": [10]}, "10"),
        (
            "plant",
            {"kinds": ["disk", "ground_truth"]},
            "plant.kinds has ground_truth, but the data s",
        ),
        (
            "faithfulness",
            {"steps": 785},
            "faithfulness.steps is 785, but an image of data.image_si",
        ),
        ("faithfulness", {"methods": ["saliency"]}, "faithfulness.methods lacks reconstruction_er"),
        ("train", {"network": "fully_convolutional", "code_length": 63}, "code_length is 63"),
    ],
)
def test_impossible_value_is_one_line_and_leaves_no_output(workspace, section, changed, said):
    path = write(workspace, **{section: changed})
    with pytest.raises(InputError) as caught:
        check.main(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not paths.PARAMS_CHECKED.exists()


def test_maps_of_planted_images_may_have_the_mask(workspace):
    methods = [*COMPARED, "mask"]
    check.main(write(workspace, localize={"methods": methods}, faithfulness={"methods": methods}))
    assert paths.PARAMS_CHECKED.exists()


def test_command_refuses_with_one_line_and_status_1(workspace):
    write(workspace, localize={"methods": [*COMPARED, "sobl"]})
    done = subprocess.run(
        [sys.executable, "-m", "stages.check"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: localize.methods: there is no map 'sobl'; did you mean sobel?\n"
