"""The section `data`: a name and a path that go together."""

from pathlib import Path
from typing import Any

import pytest
from oracles.parameters import write_params

from novelty_maps.params.data import DataParams
from novelty_maps.pipeline.errors import InputError
from novelty_maps.pipeline.section import load_section


def loaded(folder: Path, in_file: dict[str, Any], **given: Any) -> DataParams:
    """The section of a file with some keys changed, and of what the command line gives."""
    return load_section(write_params(folder, data=in_file), "data", DataParams, given)


def error_of(folder: Path, in_file: dict[str, Any], **given: Any) -> str:
    with pytest.raises(InputError) as caught:
        loaded(folder, in_file, **given)
    return str(caught.value)


FOLDER = {"name": "folder", "path": "/images"}


@pytest.mark.parametrize("path", [None, ""])
def test_folder_without_a_path_is_an_error_that_names_the_missing_key(
    tmp_path: Path, path: str | None
) -> None:
    message = error_of(tmp_path, {"name": "folder", "path": path})
    assert "params.yaml: data.name is folder, which needs data.path" in message


def test_path_beside_another_data_set_is_an_error_that_names_both(tmp_path: Path) -> None:
    message = error_of(tmp_path, {"name": "mnist", "path": "/images"})
    assert "params.yaml: data.path is '/images', but data.name is mnist" in message
    assert "null" in message


def test_path_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    assert "params.yaml: data.path is 5" in error_of(tmp_path, {"name": "folder", "path": 5})


def test_folder_and_path_of_the_command_line_go_together(tmp_path: Path) -> None:
    data = loaded(tmp_path, {}, **FOLDER)
    assert (data.name, data.path) == ("folder", "/images")


def test_another_name_of_the_command_line_leaves_the_path_of_the_file_aside(
    tmp_path: Path,
) -> None:
    data = loaded(tmp_path, FOLDER | {"groups": "tiles.csv"}, name="mnist")
    assert (data.name, data.path, data.groups) == ("mnist", None, None)


def test_name_folder_of_the_command_line_keeps_the_path_of_the_file(tmp_path: Path) -> None:
    for given in ({}, {"name": "folder"}, {"image_size": 8}):
        assert loaded(tmp_path, FOLDER, **given).path == "/images"
    assert loaded(tmp_path, FOLDER, path="/others").path == "/others"


def test_another_name_beside_a_path_of_the_command_line_is_an_error(tmp_path: Path) -> None:
    message = error_of(tmp_path, FOLDER, name="digits", path="/others")
    assert "data.path is '/others', but data.name is digits" in message


def test_groups_of_a_data_set_that_is_no_folder_are_an_error_that_names_both(
    tmp_path: Path,
) -> None:
    message = error_of(tmp_path, {"name": "mnist", "groups": "tiles.csv:tile"})
    assert "data.groups is 'tiles.csv:tile', but data.name is mnist" in message
    assert "set data.groups to null" in message
