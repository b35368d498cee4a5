"""The same images of several experiments, from a scratch repository of git and DVC."""

import base64
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from dvc.repo import Repo
from oracles import detection_tables
from oracles.localization_tables import localization
from oracles.scratch_experiments import commit, experiment, git
from PIL import Image

from novelty_maps.pipeline.errors import InputError
from studies.experiments import find_experiments
from studies.same_images import (
    images_of_agreement,
    images_of_localization,
    images_of_representation,
)

SIDE, COUNT, K = 4, 8, 3
SAID = ["first", "second"]


def array(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def text(table):
    return table.to_csv(index=False)


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


@pytest.fixture
def start(tmp_path, monkeypatch):
    """A repository of git and DVC, and the commit that experiments start from."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    Repo.init(".").close()
    return commit({"readme": "text"})


def found(start, *runs):
    for place, files in enumerate(runs, start=1):
        experiment(f"mine-{place}", start, files)
    return find_experiments(["mine"], start=start)


def picture(sheet, place):
    content = base64.b64decode(sheet["uri"].partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(content)))
    side, columns = sheet["side"], sheet["columns"]
    top, left = place // columns * side, place % columns * side
    return pixels[top : top + side, left : left + side]


def test_images_are_the_same_wherever_they_stand_in_a_test_part(start):
    runs = found(start, run_files(0, [1, 2, 4, 6, 7]), run_files(1, [0, 2, 6, 7]))
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


def test_image_that_is_novel_in_some_runs_is_said_to_be(start):
    other = run_files(1, [0, 2, 3])
    split = pd.read_csv(io.StringIO(other["data/split.csv"]))
    other["data/split.csv"] = text(split.assign(novel=1))
    shown = images_of_agreement(found(start, run_files(0, [2, 3]), other), SAID)
    names = [row["name"] for row in shown["rows"]]
    assert names == ["class ape, novel in some runs", "class bee"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tested": [0, 1]}, "no test image is the same in all runs"),
        ({"tested": [2, 3], "files": "mnist"}, "the runs are of different data sets"),
    ],
)
def test_other_images_are_not_the_same(start, changed, said):
    runs = found(start, run_files(0, [2, 3]), run_files(1, **changed))
    with pytest.raises(InputError, match=said):
        images_of_agreement(runs, SAID)


def test_file_that_dvc_keeps_is_read_from_its_cache_and_missed_without(start):
    files = run_files(0, [2, 3])
    maps = {name: files.pop(name) for name in list(files) if name.startswith("data/maps")}
    commit(files | maps)
    git("rm", "-rq", "--cached", "data/maps")
    with Repo(".") as repository:
        repository.add("data/maps")
    made = commit({})
    git("update-ref", f"refs/exps/{start[:2]}/{start[2:]}/mine-1", made)
    runs = find_experiments(["mine"], start=start)
    assert len(images_of_agreement(runs, ["only"])["rows"]) == 2
    shutil.rmtree(".dvc/cache")
    with pytest.raises(InputError, match=r"DVC has no data/maps/reconstruction.npy of mine-1 here"):
        images_of_agreement(runs, ["only"])


def test_ranks_are_those_of_each_networks_own_score(start):
    detection = text(detection_tables.TABLE)
    runs = []
    for seed in (0, 1):
        files = run_files(seed, [2, 3, 6])
        rows = pd.read_csv(io.StringIO(files["metrics/per_image.csv"]))["source_row"]
        scores = pd.DataFrame({"row": range(3), "label": 0, "novel": 0})
        for name in ("nominal", "hybrid", "summed", "hybrid_ensemble"):
            scores[f"{name}/max_logit"] = rows if seed else -rows
        runs.append(files | {"metrics/detection.csv": detection, "data/scores.csv": text(scores)})
    shown = images_of_representation(found(start, *runs), SAID)
    assert shown["measures"][0] == ["nominal/max_logit", "nominal: max logit, rank"]
    ranks = [[n["nominal/max_logit"] for n in run["numbers"]] for run in shown["runs"]]
    assert ranks == [[1, 2, 3], [3, 2, 1]]
    assert [row["differs_nominal/max_logit"] for row in shown["rows"]] == [2, 0, 2]


def planted_files(seed, *, changed=()):
    """What a run about localization leaves: five planted images, of which some are another's."""
    generator = np.random.default_rng(0)
    before = generator.integers(0, 256, (5, 1, SIDE, SIDE), np.uint8)
    mask = np.zeros((5, SIDE, SIDE), np.bool_)
    mask[:, 1:3, 1:3] = True
    after = before.copy()
    after[list(changed)] = 7
    columns = {"row": range(5), "base_row": range(5), "label": 0, "kind": ["disk"] * 5}
    table = pd.DataFrame(columns | {"size": 0.5, "intensity": 1.0, "mask_pixels": 4, "paired": 1})
    methods = ("reconstruction_error", "saliency")
    precision = pd.DataFrame(
        [
            {"row": row, "method": name, "average_precision": (row + seed + at) / 10}
            for at, name in enumerate(methods)
            for row in range(5)
        ]
    )
    noise = np.random.default_rng(seed).random((2, 5, SIDE, SIDE), np.float32)
    arrays = {"before": before, "after": after, "mask": mask}
    maps = dict(zip(methods, noise, strict=True))
    return {
        "params.yaml": json.dumps({"metrics": {"k": K}, "train": {"seed": seed}}),
        "metrics/localization.csv": text(localization(dict.fromkeys(methods, 0.4))),
        "data/localized_images.csv": text(precision),
        "data/planted/test.csv": text(table),
        **{f"data/planted/test.{name}.npy": array(values) for name, values in arrays.items()},
        **{f"data/planted_maps/test.after.{n}.npy": array(maps[n]) for n in methods},
    }


def test_novelties_are_the_same_where_image_and_mask_are(start):
    runs = found(start, planted_files(0), planted_files(1, changed=[1, 3]))
    shown = images_of_localization(runs, SAID)
    assert [row["row"] for row in shown["rows"]] == [0, 2, 4]
    assert (picture(shown["sheets"]["mask"], 1)[1:3, 1:3] == 255).all()
    for seed, run in enumerate(shown["runs"]):
        values = [number["saliency"] for number in run["numbers"]]
        assert values == pytest.approx([(row + seed + 1) / 10 for row in (0, 2, 4)])
        assert set(run["sheets"]) == {"reconstruction_error", "saliency"}
    with pytest.raises(InputError, match="no novelty is the same"):
        images_of_localization(
            found(start, planted_files(0), planted_files(1, changed=range(5))), SAID
        )
