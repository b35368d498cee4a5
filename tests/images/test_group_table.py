"""The table of groups: which file and column, what is read, and what is refused in one line."""

import hashlib

import numpy as np
import pytest
from oracles.parameters import section

from novelty_maps.images.base import label_table, provenance
from novelty_maps.images.datasets import load
from novelty_maps.images.group_table import find_table, read_groups
from novelty_maps.images.layouts import source_digest
from novelty_maps.images.listing import list_images
from novelty_maps.params.data import DataParams
from novelty_maps.pipeline.errors import InputError


@pytest.fixture
def files(pets):
    return [file.path for file in list_images(str(pets)).files]


def names(pets, files):
    return [file.relative_to(pets).as_posix() for file in files]


def write(pets, files, groups, *, table="groups.csv", column="group"):
    lines = [f"{name},{group}" for name, group in zip(names(pets, files), groups, strict=True)]
    (pets / table).write_text("\n".join([f"file,{column}", *lines]) + "\n")


def refusal(pets, files, groups=None):
    with pytest.raises(InputError) as error:
        read_groups(pets, files, groups)
    (line,) = str(error.value).splitlines()
    return line


def data_of(pets, **changes):
    return section(DataParams, "data", name="folder", path=str(pets), image_size=8, **changes)


def test_without_a_table_there_are_no_groups(pets, files):
    numbers, found, table = read_groups(pets, files, None)
    assert (len(numbers), found, table) == (0, [], {})
    assert find_table(pets, None) is None
    assert "group" not in label_table(load(data_of(pets)))


def test_groups_are_numbered_in_the_order_of_the_images(pets, files):
    write(pets, files, ["b", "007", "b", "7", *"aaaaaa"])
    groups = read_groups(pets, files, None)
    assert groups.names == ["b", "007", "7", "a"]  # text: 007 is not 7
    assert groups.numbers.tolist() == [0, 1, 0, 2, *[3] * 6]
    assert groups.numbers.dtype == np.int64


def test_order_of_the_table_and_other_rows_and_columns_change_nothing(pets, files):
    write(pets, files, "ababababab")
    plain = read_groups(pets, files, None)
    lines = (pets / "groups.csv").read_text().splitlines()
    more = [f"{line},x" for line in [*reversed(lines[1:]), lines[1], "train/cow/1.png,z"]]
    text = "\ufeff" + "\r\n".join([f"{lines[0]},note", *more])
    (pets / "groups.csv").write_bytes(text.encode())
    again = read_groups(pets, files, None)
    assert again.names == plain.names
    np.testing.assert_array_equal(again.numbers, plain.numbers)


def test_table_and_column_may_be_named(pets, files):
    write(pets, files, "aabbccddee", table="tiles.csv", column="tile")
    assert read_groups(pets, files, "tiles.csv:tile").names == list("abcde")
    write(pets, files, "aaaaabbbbb", table="tiles.csv")
    assert read_groups(pets, files, "tiles.csv").names == list("ab")


def test_table_that_is_missing_is_named(pets, files):
    line = refusal(pets, files, "tils.csv:tile")
    assert line.startswith(f"{pets / 'tils.csv'} cannot be read (No such file")
    assert "correct data.groups" in line


def test_column_that_is_missing_is_named(pets, files):
    write(pets, files, "aabbccddee", column="tile")
    assert "groups.csv has no column group; " in refusal(pets, files)
    assert "has no column tiel; did you mean tile?" in refusal(pets, files, "groups.csv:tiel")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00file", b'file,group\n"a,b\nc'])
def test_file_that_is_no_table_is_named(pets, files, content):
    (pets / "groups.csv").write_bytes(content)
    assert "groups.csv" in refusal(pets, files)


def test_image_that_is_not_in_the_table_is_named(pets, files):
    write(pets, files[:-1], "aabbccdde")
    assert f"no group for the image {names(pets, files)[-1]}" in refusal(pets, files)


def test_image_with_an_empty_field_is_named(pets, files):
    write(pets, files, ["a", "", *"bbbbbbbb"])
    assert f"no group for the image {names(pets, files)[1]}" in refusal(pets, files)


def test_image_in_two_groups_is_named_with_both(pets, files):
    write(pets, [*files, files[2]], [*"aabbccddee", "x"])
    assert f"puts {names(pets, files)[2]} into two groups, 'b' and 'x'" in refusal(pets, files)


def test_data_set_has_the_groups_and_the_checksum_of_the_table(pets, files):
    without = load(data_of(pets))
    write(pets, files, "aabbccddee")
    dataset = load(data_of(pets))
    assert label_table(dataset)["group"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    record = provenance(dataset, name="folder", image_size=8)
    assert record["groups"] == list("abcde")
    digest = hashlib.sha256((pets / "groups.csv").read_bytes()).hexdigest()
    assert record["files"] == without.files | {"groups.csv": f"sha256:{digest}"}


def test_digest_of_the_input_sees_the_table(pets, files, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seen = [source_digest(data_of(pets))]
    write(pets, files, "aabbccddee")
    seen.append(source_digest(data_of(pets)))
    write(pets, files, "aabbccddex")
    seen.append(source_digest(data_of(pets)))
    assert len({*seen, None}) == 4
    write(pets, files, "aabbccddex", table="other.csv")
    assert source_digest(data_of(pets)) == seen[-1]  # another table is none of its files
    assert source_digest(data_of(pets, groups="missing.csv")) is None
