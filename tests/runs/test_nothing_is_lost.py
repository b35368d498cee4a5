"""What a later stage would refuse is refused before DVC deletes a result.

DVC deletes the outputs of a stage before it runs the stage. The walk does the same in this process:
it runs the stages in the order of dvc.yaml, without their outputs, until one refuses.
"""

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracles.image_folders import class_folders, mvtec, save
from oracles.parameters import write_params
from runs.workspace import dvc_stages, module_of, outputs_of

from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.options import sections_of
from novelty_maps.pipeline.section import load_section

GUARDS = ("inputs", "survey", "check", "check_network", "representation_check")  # make no results
OWN = {"image_size": 8}
PETS: dict[str, dict[str, Any]] = {
    "split": {"normal_classes": ["cat"], "validation_fraction": 0.3},
    "train": {"code_length": 4},
    "metrics": {"k": 5},
    "faithfulness": {"steps": 2},
}
BOTTLE = {
    **PETS,
    "split": {"normal_classes": ["good"]},
    "plant": {"kinds": ["ground_truth", "disk", "square"]},
}
OPEN = {**BOTTLE, "split": {"normal_classes": ["good"], "protocol": "open_60_20_20"}}


def run(stage: str) -> None:
    """The function of a stage, with its sections of params.yaml."""
    main = importlib.import_module(f"stages.{module_of(stage)}").main
    if stage == "check":
        main(Path("params.yaml"))
        return
    sections = sections_of(main).values()
    main(
        **{each.name: load_section(Path("params.yaml"), each.name, each.kind) for each in sections}
    )


def walk() -> str:
    """Run the guards as DVC does, and the stage after each; the line that ends it, "" if none."""
    for stage in (*GUARDS[:4], "fetch", "split", "representation_check"):
        for out in outputs_of(dvc_stages()[stage]):
            if stage != "inputs":  # whose outputs persist
                Path(out).unlink(missing_ok=True)
        try:
            run(stage)
        except InputError as error:
            return f"{stage}: {error}"
    return ""


def results() -> set[str]:
    """The outputs that are results, of all stages."""
    return {
        out.replace("${key}", "hybrid")
        for name, stage in dvc_stages().items()
        if name not in GUARDS
        for out in outputs_of(stage)
    }


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A workspace with every result, folders aside, and own images of both layouts beside it."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DATASETS_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for out in results():
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_text("a result")
    class_folders(tmp_path / "pets")
    mvtec(tmp_path / "bottle")
    return tmp_path


def settings(place: Path, base: dict[str, Any], images: str, **changes: Any) -> None:
    data = {**OWN, "name": "folder", "path": str(place / images)}
    merged = {name: {**base.get(name, {}), **changes.get(name, {})} for name in {*base, *changes}}
    write_params(place / "workspace", **{"data": data, **merged})


def nothing(_place: Path) -> None:
    pass


def only_in_training(place: Path) -> None:
    shutil.rmtree(place / "pets/test/dog")


def two_cases(place: Path) -> None:
    (place / "pets/test/cat").rename(place / "pets/test/Cat")


def one_image(place: Path) -> None:
    for number in (1, 2):
        (place / f"pets/train/dog/{number}.png").unlink()


def unreadable(place: Path) -> None:
    (place / "pets/test/dog/0.png").write_bytes(b"no image")


def cut_off(place: Path) -> None:
    path = place / "pets/test/dog/0.png"
    path.write_bytes(path.read_bytes()[:-100])


def no_good_test(place: Path) -> None:
    shutil.rmtree(place / "bottle/test/good")


def named_like_a_kind(place: Path) -> None:
    for part in ("test", "ground_truth"):
        (place / f"bottle/{part}/broken").rename(place / f"bottle/{part}/disk")


def black_mask(place: Path) -> None:
    save(place / "bottle/ground_truth/broken/001_mask.png", np.zeros((8, 8), np.uint8))


def of_another_network(place: Path) -> None:
    network = seeded_autoencoder(0, image_shape=(1, 8, 8), code_length=4)
    torch.save(network.state_dict(), place / "weights.pt")


def missing(what: str) -> dict[str, Any]:
    return {"train": {"from_checkpoint": what}}


FOREIGN = {"plant": {"kinds": ["foreign_patch"]}}
SITUATIONS: dict[str, tuple[dict[str, Any], str, dict[str, Any], Callable[[Path], None], str]] = {
    "checkpoint that is not there": (
        PETS,
        "pets",
        missing("nowhere.pt"),
        nothing,
        "check_network: nowhere",
    ),
    "checkpoint of another network": (
        PETS,
        "pets",
        missing("../weights.pt"),
        of_another_network,
        "check_network: ../weights.pt holds the weights of another network",
    ),
    "class in training alone": (
        PETS,
        "pets",
        {},
        only_in_training,
        "survey: class 'dog'",
    ),
    "Cat and cat": (
        PETS,
        "pets",
        {},
        two_cases,
        "survey: class 'cat' would",
    ),
    "class of one image": (PETS, "pets", {}, one_image, "survey: split.validation_fraction takes"),
    "image that cannot be opened": (PETS, "pets", {}, unreadable, "survey: "),
    "image that is cut off": (PETS, "pets", {}, cut_off, "survey: "),
    "folder that is gone": (PETS, "nowhere", {}, nothing, "survey: data.path is"),
    "no good image in test": (BOTTLE, "bottle", {}, no_good_test, "survey: class 'good' would"),
    "mask that marks nothing": (BOTTLE, "bottle", {}, black_mask, "survey: "),
    "foreign_patch of MVTec": (
        BOTTLE,
        "bottle",
        FOREIGN,
        nothing,
        "check: plant.kinds has foreign",
    ),
    "class named like a kind": (
        BOTTLE,
        "bottle",
        {},
        named_like_a_kind,
        "check: disk is a kind of",
    ),
    "oracles of MVTec under one_class": (
        BOTTLE,
        "bottle",
        {},
        nothing,
        "representation_check: all 4 labelled validation images are normal",
    ),
}


@pytest.mark.parametrize(
    ("base", "images", "changes", "spoil", "said"), SITUATIONS.values(), ids=SITUATIONS
)
def test_no_result_is_lost(place, base, images, changes, spoil, said):
    spoil(place)
    settings(place, base, images, **changes)
    assert walk().startswith(said)
    lost = {out for out in results() if not Path(out).exists()}
    assert lost == set()


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available here")
@pytest.mark.parametrize("section", ["train", "maps", "classifier"])
def test_no_result_is_lost_for_a_device_that_is_not_there(place, section):
    settings(place, PETS, "pets", **{section: {**PETS.get(section, {}), "device": "cuda"}})
    assert walk().startswith(f"check_network: {section}.device is cuda")
    assert all(Path(out).exists() for out in results())


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_no_result_is_lost_for_a_root_without_the_data_set(place, monkeypatch, name):
    monkeypatch.setenv("DATASETS_ROOT", str(place))
    settings(place, PETS, "pets", split={"normal_classes": [0]})
    write_params(place / "workspace", data={"name": name}, metrics={"k": 5})
    assert walk().startswith("survey: DATASETS_ROOT has no ")
    assert all(Path(out).exists() for out in results())


@pytest.mark.parametrize(("base", "images"), [(PETS, "pets"), (OPEN, "bottle")])
def test_walk_goes_to_its_end_where_nothing_is_wrong(place, base, images):
    for kind in ("broken", "contamination"):  # enough for three parts
        for number in range(3, 9):
            for file in (f"test/{kind}/000.png", f"ground_truth/{kind}/000_mask.png"):
                new = file.replace("000", f"{number:03}")
                shutil.copy(place / "bottle" / file, place / "bottle" / new)
    settings(place, base, images)
    assert walk() == ""
    assert not Path("data/raw/images.npy").read_bytes().startswith(b"a result")
