"""Stage `survey`: refuses what `fetch` and `split` would refuse, in the same words."""

import json

import pytest
from oracles.image_folders import class_folders, save
from oracles.parameters import section

from novelty_maps.params.data import DataParams
from novelty_maps.params.split import SplitParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.paths import SURVEY
from stages import fetch, split, survey

pytestmark = pytest.mark.usefixtures("workspace")


def test_bundled_digits_are_counted():
    survey.main(section(DataParams, "data"), section(SplitParams, "split"))
    found = json.loads(SURVEY.read_text())
    assert (found["name"], found["channels"], found["masked"]) == ("digits", 1, [])
    assert sum([*found["normal"].values(), *found["novel"].values()]) == 1797


def truncated(pets):
    image = pets / "test/dog/1.png"
    save(image)
    image.write_bytes(image.read_bytes()[:-100])


def single(pets):
    for number in (1, 2):
        (pets / f"train/dog/{number}.png").unlink()


def torn(pets):
    """Images of train and test in one group."""
    files = sorted(path.relative_to(pets).as_posix() for path in pets.rglob("*.png"))
    groups = {"test/cat/0.png": "fluffy", "train/cat/1.png": "fluffy"}
    lines = [f"{file},{groups.get(file, file)}" for file in files]
    (pets / "groups.csv").write_text("\n".join(["file,group", *lines]))


@pytest.mark.parametrize(
    ("spoil", "later"), [(truncated, "fetch"), (single, "split"), (torn, "split")]
)
def test_refusal_is_that_of_the_later_stage(tmp_path, spoil, later):
    pets = class_folders(tmp_path / "pets")
    data = section(DataParams, "data", name="folder", path=str(pets))
    parts = section(SplitParams, "split", normal_classes=["cat"], validation_fraction=0.4)
    survey.main(data, parts)
    SURVEY.unlink()
    spoil(pets)
    with pytest.raises(InputError) as early:
        survey.main(data, parts)
    assert not SURVEY.exists()
    if later == "split":
        fetch.main(data)
    with pytest.raises(InputError) as late:
        fetch.main(data) if later == "fetch" else split.main(parts)
    assert str(early.value) == str(late.value)


def test_group_in_both_official_parts_is_named_by_its_name(tmp_path):
    pets = class_folders(tmp_path / "pets")
    torn(pets)
    data = section(DataParams, "data", name="folder", path=str(pets))
    with pytest.raises(InputError, match=r"^group 'fluffy' has images in train and in test"):
        survey.main(data, section(SplitParams, "split", normal_classes=["cat"]))


def test_table_that_is_not_there_stops_the_survey(tmp_path):
    pets = class_folders(tmp_path / "pets")
    data = section(DataParams, "data", name="folder", path=str(pets), groups="tiles.csv:tile")
    with pytest.raises(InputError, match=r"tiles\.csv cannot be read"):
        survey.main(data, section(SplitParams, "split", normal_classes=["cat"]))
    assert not SURVEY.exists()
