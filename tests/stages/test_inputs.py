"""Stage `inputs`: what lies outside."""

import hashlib
import json
import subprocess
import sys

import pytest
import torch
from oracles.image_folders import class_folders
from oracles.parameters import section
from oracles.small_run import ROOT

from novelty_maps.params.classifier import ClassifierParams
from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.paths import INPUT_CHECKPOINT, INPUT_DATA, INPUT_DETECTORS, INPUT_DEVICES
from stages import inputs

pytestmark = pytest.mark.usefixtures("workspace")


def written(checkpoint=None, *, detectors=None, **data):
    inputs.main(
        section(DataParams, "data", **data),
        section(TrainParams, "train", from_checkpoint=checkpoint),
        section(MapsParams, "maps"),
        section(ClassifierParams, "classifier"),
        section(DetectorsParams, "detectors", weights=detectors),
    )
    return [json.loads(path.read_text())["sha256"] for path in (INPUT_DATA, INPUT_CHECKPOINT)]


def test_inputs_have_a_file_each_so_that_one_changes_alone(tmp_path):
    assert written() == [None, None]
    pets, weights = class_folders(tmp_path / "pets"), tmp_path / "weights.pt"
    weights.write_bytes(b"first")
    own = {"name": "folder", "path": str(pets)}
    images, network = written(str(weights), **own)
    assert network == hashlib.sha256(b"first").hexdigest()
    weights.write_bytes(b"other")
    assert written(str(weights), **own) == [images, hashlib.sha256(b"other").hexdigest()]
    (pets / "test/cat/0.png").unlink()
    assert written(str(weights), **own)[0] not in (images, None)


def test_weights_of_detectors_have_a_file_of_their_own(tmp_path):
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"first")
    assert written(detectors=str(weights)) == [None, None]
    found = json.loads(INPUT_DETECTORS.read_text())["sha256"]
    assert found == hashlib.sha256(b"first").hexdigest()


def test_what_is_missing_is_null_and_no_error(tmp_path):
    assert written("nowhere.pt", name="folder", path=str(tmp_path / "nowhere")) == [None, None]


@pytest.mark.parametrize("there", [0, 2])
@pytest.mark.parametrize("asking", ["train", "maps", "classifier"])
def test_devices_are_looked_for_where_one_is_asked_for(monkeypatch, there, asking):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    kinds = {"train": TrainParams, "maps": MapsParams, "classifier": ClassifierParams}

    def found(**asked):
        sections = {
            name: section(kind, name, **(asked if name == asking else {}))
            for name, kind in kinds.items()
        }
        own = section(DetectorsParams, "detectors")
        inputs.main(section(DataParams, "data"), **sections, detectors=own)
        return json.loads(INPUT_DEVICES.read_text())

    assert found(device="cuda") == {"cuda": there}
    assert found(device="auto") == {"cuda": None}
    if asking != "maps":
        assert found(processes=2) == {"cuda": there}


def test_nothing_heavy_is_imported():
    code = "import sys; from stages.inputs import *\n"
    code += "from oracles.parameters import section\n"
    code += "main(section(DataParams, 'data'), section(TrainParams, 'train'),"
    code += " section(MapsParams, 'maps'), section(ClassifierParams, 'classifier'),"
    code += " section(DetectorsParams, 'detectors'))\n"
    code += "print([name for name in ('torch', 'pandas', 'sklearn', 'PIL') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr
