"""The same images of several experiments, from a scratch repository of git and DVC."""

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from dvc.repo import Repo
from oracles import detection_tables
from oracles.kept_experiments import array, found, text
from oracles.scratch_experiments import commit, git
from oracles.small_compared import picture

from novelty_maps.pipeline.errors import InputError
from studies.experiments import find_experiments
from studies.same_images import images_of_agreement, images_of_representation

SIDE, COUNT, K = 4, 8, 3
SAID = ["first", "second"]


def raw():
    return np.random.default_rng(0).integers(0, 256, (COUNT, 1, SIDE, SIDE), np.uint8)


def run_files(seed, tested, *, files="digits"):
    """What a run whose test part has these images leaves, as far as it is read."""
    generator = np.random.default_rng(seed)
    tested = np.array(tested)
    label = np.arange(COUNT) % 2
    part = np.where(np.isin(np.arange(COUNT), tested), "test", "train")
    split = pd.DataFrame({"part": part, "source_row": np.arange(COUNT), "label": label})
    split = split.assign(novel=label).iloc[generator.permutation(COUNT)]
    rows = split.loc[split["part"] == "test", "source_row"].to_numpy()
    measured = pd.DataFrame({"source_row": rows, "novel": label[rows]})
    measured["reconstruction_loss"] = rows / 10 + seed
    measured["agreement"] = (rows + seed) % (K + 1)
    measured = measured.assign(indirect_share=0.5, gradient_error_cosine=0.5)
    maps = {
        name: (rows[:, None, None] + 1 + generator.random((len(rows), SIDE, SIDE)))
        for name in ("reconstruction_error", "saliency")
    }
    reconstructions = np.float32(rows / 10)[:, None, None, None] + np.zeros((1, 1, SIDE, SIDE))
    provenance = {"classes": ["ape", "bee"], "files": {"x": files}}
    settings = {"metrics": {"k": K}, "train": {"seed": seed}, "plots": {"colormap": "gray"}}
    return {
        "params.yaml": json.dumps(settings),
        "data/split.csv": text(split),
        "data/raw/images.npy": array(raw()),
        "data/raw/provenance.json": json.dumps(provenance),
        "metrics/per_image.csv": text(measured),
        "data/maps/reconstruction.npy": array(reconstructions.astype(np.float32)),
        **{f"data/maps/{name}.npy": array(np.float32(values)) for name, values in maps.items()},
    }


@pytest.mark.parametrize("kept", [None, "my project (1), é"], indirect=True)
def test_images_are_the_same_wherever_they_stand_in_a_test_part(kept):
    runs = found(kept, run_files(0, [1, 2, 4, 6, 7]), run_files(1, [0, 2, 6, 7]))
    shown = images_of_agreement(runs, SAID)
    assert [row["row"] for row in shown["rows"]] == [2, 6, 7]
    assert [row["name"] for row in shown["rows"]] == ["class ape", "class ape", "class bee"]
    assert shown["total"] == 3
    for place, row in enumerate((2, 6, 7)):
        np.testing.assert_array_equal(picture(shown["sheets"]["input"], place), raw()[row, 0])
        for seed, run in enumerate(shown["runs"]):
            reconstruction = picture(run["sheets"]["reconstruction"], place)
            assert (reconstruction == round(255 * row / 10)).all()
            assert run["numbers"][place]["reconstruction_loss"] == pytest.approx(row / 10 + seed)
            assert run["numbers"][place]["agreement"] == (row + seed) % (K + 1)
    ranks = [number["rank"] for number in shown["runs"][1]["numbers"]]
    assert ranks == [3, 2, 1]  # among all of the run's test images
    assert [run["says"] for run in shown["runs"]] == SAID


def test_image_that_is_novel_in_some_runs_is_said_to_be(kept):
    other = run_files(1, [0, 2, 3])
    split = pd.read_csv(io.StringIO(other["data/split.csv"]))
    other["data/split.csv"] = text(split.assign(novel=1))
    shown = images_of_agreement(found(kept, run_files(0, [2, 3]), other), SAID)
    names = [row["name"] for row in shown["rows"]]
    assert names == ["class ape, novel in some runs", "class bee"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tested": [0, 1]}, "no test image is the same in all runs"),
        ({"tested": [2, 3], "files": "mnist"}, "the runs are of different data sets"),
    ],
)
def test_other_images_are_not_the_same(kept, changed, said):
    runs = found(kept, run_files(0, [2, 3]), run_files(1, **changed))
    with pytest.raises(InputError, match=said):
        images_of_agreement(runs, SAID)


def test_file_that_dvc_keeps_is_read_from_its_cache_and_missed_without(kept):
    files = run_files(0, [2, 3])
    maps = {name: files.pop(name) for name in list(files) if name.startswith("data/maps")}
    commit(files | maps)
    git("rm", "-rq", "--cached", "data/maps")
    with Repo(".") as repository:
        repository.add("data/maps")
    made = commit({})
    git("update-ref", f"refs/exps/{kept[:2]}/{kept[2:]}/mine-1", made)
    runs = find_experiments(["mine"], start=kept)
    assert len(images_of_agreement(runs, ["only"])["rows"]) == 2
    shutil.rmtree(".dvc/cache")
    shutil.rmtree(".dvc/tmp")  # DVC remembers there what is in a folder
    missing = r"neither DVC's cache nor a default DVC remote has data/maps/reconstruction.npy"
    with pytest.raises(InputError, match=missing):
        images_of_agreement(runs, ["only"])


def test_ranks_are_those_of_each_networks_own_score(kept):
    detection = text(detection_tables.TABLE)
    runs = []
    for seed in (0, 1):
        files = run_files(seed, [2, 3, 6])
        rows = pd.read_csv(io.StringIO(files["metrics/per_image.csv"]))["source_row"]
        scores = pd.DataFrame({"row": range(3), "label": 0, "novel": 0})
        for name in ("nominal", "hybrid", "summed", "hybrid_ensemble"):
            scores[f"{name}/max_logit"] = rows if seed else -rows
        runs.append(files | {"metrics/detection.csv": detection, "data/scores.csv": text(scores)})
    shown = images_of_representation(found(kept, *runs), SAID)
    assert shown["measures"][0] == ["nominal/max_logit", "nominal: max logit, rank"]
    ranks = [[n["nominal/max_logit"] for n in run["numbers"]] for run in shown["runs"]]
    assert ranks == [[1, 2, 3], [3, 2, 1]]
    assert [row["differs_nominal/max_logit"] for row in shown["rows"]] == [2, 0, 2]
