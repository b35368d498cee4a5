"""Stage `inputs`: the checksums of what lies outside."""

import hashlib
import json
import subprocess
import sys

import pytest
from oracles.image_folders import class_folders
from oracles.parameters import section
from oracles.small_run import ROOT

from novelty_maps.params.data import DataParams
from novelty_maps.params.train import TrainParams
from novelty_maps.pipeline.paths import INPUT_CHECKPOINT, INPUT_DATA
from stages import inputs

pytestmark = pytest.mark.usefixtures("workspace")


def written(checkpoint=None, **data):
    inputs.main(
        section(DataParams, "data", **data),
        section(TrainParams, "train", from_checkpoint=checkpoint),
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


def test_what_is_missing_is_null_and_no_error(tmp_path):
    assert written("nowhere.pt", name="folder", path=str(tmp_path / "nowhere")) == [None, None]


def test_nothing_heavy_is_imported():
    code = "import sys; from stages.inputs import main, DataParams, TrainParams\n"
    code += "from oracles.parameters import section\n"
    code += "main(section(DataParams, 'data'), section(TrainParams, 'train'))\n"
    code += "print([name for name in ('torch', 'pandas', 'sklearn', 'PIL') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr
