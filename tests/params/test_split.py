"""The section `split`."""

import pydantic
import pytest
from oracles.parameters import section

from novelty_maps.params.split import SplitParams


def test_class_that_is_normal_twice_is_an_error_that_names_the_dotted_key() -> None:
    with pytest.raises(
        pydantic.ValidationError, match=r"split\.normal_classes names a class twice: \[0, 1, 0\]"
    ):
        section(SplitParams, "split", normal_classes=[0, 1, 0])
    assert section(SplitParams, "split", normal_classes=[1, 0]).normal_classes == [1, 0]
    mixed = section(SplitParams, "split", normal_classes=[1, "cat", "1"])
    assert mixed.normal_classes == [1, "cat", "1"]
