"""The section `split`."""

from pathlib import Path

import pydantic
import pytest
from oracles.parameters import section, write_params

from novelty_maps.params.split import SplitParams
from novelty_maps.pipeline.section import load_section


def test_class_that_is_normal_twice_is_an_error_that_names_the_dotted_key() -> None:
    with pytest.raises(
        pydantic.ValidationError, match=r"split\.normal_classes names a class twice: \[0, 1, 0\]"
    ):
        section(SplitParams, "split", normal_classes=[0, 1, 0])
    assert section(SplitParams, "split", normal_classes=[1, 0]).normal_classes == [1, 0]
    mixed = section(SplitParams, "split", normal_classes=[1, "cat", "1"])
    assert mixed.normal_classes == [1, "cat", "1"]
    assert section(SplitParams, "split", normal_classes="neal_0").normal_classes == "neal_0"


@pytest.mark.parametrize(
    ("given", "expected"),
    [(["neal_0"], "neal_0"), (["neal_0", 1], ["neal_0", 1]), (["cat"], ["cat"]), ([1], [1])],
)
def test_known_split_alone_on_the_command_line_is_the_split(
    tmp_path: Path, given: list[int | str], expected: list[int | str] | str
) -> None:
    found = load_section(write_params(tmp_path), "split", SplitParams, {"normal_classes": given})
    assert found.normal_classes == expected
