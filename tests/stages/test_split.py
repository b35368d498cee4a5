"""Own images of both layouts go from `survey` over `check` and `fetch` to `split`."""

import numpy as np
import pandas as pd
import pytest
from oracles.image_folders import class_folders, mvtec, save
from oracles.parameters import section, write_params

from novelty_maps.images.splits import split_table
from novelty_maps.params.class_names import CLASSES, SUPERCLASSES
from novelty_maps.params.data import DataParams
from novelty_maps.params.split import SplitParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import RAW_LABELS, SPLIT
from stages import check, fetch, split, survey

pytestmark = pytest.mark.usefixtures("workspace")


def part_counts(path, **changes):
    """Images of each part, label and novelty, once these stages have run."""
    data = {"name": "folder", "path": str(path)}
    images, parts = section(DataParams, "data", **data), section(SplitParams, "split", **changes)
    survey.main(images, parts)
    kinds = {"kinds": ["disk"]}
    check.main(write_params(path.parent, data=data, split=changes, plant=kinds))
    fetch.main(images)
    split.main(parts)
    return pd.read_csv(SPLIT).groupby(["part", "label", "novel"]).size().to_dict()


def test_class_folders_keep_their_test_part(tmp_path):
    pets = class_folders(tmp_path / "pets")
    assert part_counts(pets, normal_classes=[1], validation_fraction=0.3) == {
        ("train", 0, 1): 2,
        ("train", 1, 0): 2,
        ("validation", 0, 1): 1,
        ("validation", 1, 0): 1,
        ("test", 0, 1): 2,
        ("test", 1, 0): 2,
    }


def test_normal_class_goes_by_name(tmp_path):
    pets = class_folders(tmp_path / "pets")
    (pets / "train/cat").rename(pets / "train/10")
    (pets / "test/cat").rename(pets / "test/10")
    (pets / "train/dog").rename(pets / "train/1")
    (pets / "test/dog").rename(pets / "test/1")
    by_name = part_counts(pets, normal_classes=["10"], validation_fraction=0.3)
    assert by_name == part_counts(pets, normal_classes=[1], validation_fraction=0.3)
    assert by_name[("test", 1, 0)] == 2


def test_split_goes_by_the_name_of_a_known_one_as_by_its_list(tmp_path):
    cifar100 = tmp_path / "cifar100"
    for name in CLASSES["cifar100"]:
        for number in range(3):
            save(cifar100 / "train" / name / f"{number}.png")
        save(cifar100 / "test" / name / "0.png")
    near = part_counts(cifar100, normal_classes="within_superclasses_4", validation_fraction=0.4)
    by_name = SPLIT.read_bytes()
    novel = {label for _, label, novel in near if novel}
    assert len(novel) == 20
    normal = [label for label in range(100) if label not in novel]
    split.main(section(SplitParams, "split", normal_classes=normal, validation_fraction=0.4))
    assert SPLIT.read_bytes() == by_name
    names = {CLASSES["cifar100"][label] for label in novel}
    assert names == {group[-1] for group in SUPERCLASSES.values()}


def test_class_folders_without_a_test_part_are_drawn_from(tmp_path):
    pets = class_folders(tmp_path / "pets")
    for name in ("cat", "dog"):
        for number in range(2):
            (pets / "test" / name / f"{number}.png").rename(
                pets / "train" / name / f"{3 + number}.png"
            )
        (pets / "test" / name).rmdir()
    (pets / "test").rmdir()
    fractions = {"validation_fraction": 0.3, "test_fraction": 0.4}
    assert part_counts(pets, normal_classes=[0], **fractions) == {
        ("train", 0, 0): 2,
        ("train", 1, 1): 2,
        ("validation", 0, 0): 1,
        ("validation", 1, 1): 1,
        ("test", 0, 0): 2,
        ("test", 1, 1): 2,
    }


def test_mvtec_has_its_anomalies_in_test_only(tmp_path):
    bottle = mvtec(tmp_path / "bottle")
    assert part_counts(bottle, normal_classes=[0], validation_fraction=0.1) == {
        ("train", 0, 0): 36,
        ("validation", 0, 0): 4,
        ("test", 0, 0): 3,
        ("test", 1, 1): 3,
        ("test", 2, 1): 3,
    }


@pytest.mark.parametrize("protocol", ["one_class", "open_60_20_20"])
def test_table_is_that_of_the_labels_that_fetch_has_left(protocol, capsys):
    fetch.main(section(DataParams, "data", image_size=8))
    settings = section(SplitParams, "split", protocol=protocol, seed=3)
    split.main(settings)
    labels = pd.read_csv(RAW_LABELS)
    expected = split_table(
        labels["label"].to_numpy(np.int64),
        labels["official_part"].to_numpy(str),
        **settings.model_dump(),
    )
    pd.testing.assert_frame_equal(pd.read_csv(SPLIT), expected)
    printed = [line.split()[-1] for line in capsys.readouterr().out.splitlines()[-6:]]
    counts = expected.groupby(["part", "novel"], sort=False).size()
    assert printed == [str(count) for count in counts]


def test_impossible_split_leaves_the_old_table():
    fetch.main(section(DataParams, "data", image_size=8))
    split.main(section(SplitParams, "split"))
    before = SPLIT.read_bytes()
    with pytest.raises(InputError, match="names all 10 classes"):
        split.main(section(SplitParams, "split", normal_classes=list(range(10))))
    assert SPLIT.read_bytes() == before


def test_groups_stay_together_from_the_table_to_the_split(tmp_path):
    bottle = mvtec(tmp_path / "bottle")
    files = sorted(path.relative_to(bottle).as_posix() for path in bottle.glob("t*/*/*.png"))
    tile = {file: f"{file[:5]}{number // 2}" for number, file in enumerate(files)}
    text = "\n".join(["file,tile", *(f"{file},{name}" for file, name in tile.items())])
    (bottle / "tiles.csv").write_text(text)
    data = {"name": "folder", "path": str(bottle), "groups": "tiles.csv:tile"}
    images = section(DataParams, "data", **data)
    fetch.main(images)
    split.main(section(SplitParams, "split", normal_classes=[0], validation_fraction=0.3))
    table = pd.read_csv(SPLIT)
    assert list(table)[-1] == "group"
    assert table["group"].nunique() == len(set(tile.values()))
    assert table.groupby("group")["part"].nunique().eq(1).all()
    normal = table[table["novel"] == 0].groupby("part").size()
    assert normal[["train", "validation"]].tolist() == [28, 12]
