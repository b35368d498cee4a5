"""The two maps that sections with a comparison of maps must have."""

import pydantic
import pytest
from oracles.parameters import repository_values, section

from novelty_maps.params.faithfulness import FaithfulnessParams
from novelty_maps.params.localization import LocalizationParams
from novelty_maps.pipeline.section import Section


@pytest.mark.parametrize("method", ["reconstruction_error", "saliency"])
@pytest.mark.parametrize(
    ("kind", "name"), [(LocalizationParams, "localization"), (FaithfulnessParams, "faithfulness")]
)
def test_section_without_a_compared_map_is_an_error_that_names_it(
    kind: type[Section], name: str, method: str
) -> None:
    methods = [other for other in repository_values()[name]["methods"] if other != method]
    said = rf"{name}\.methods lacks {method}, which is compared"
    with pytest.raises(pydantic.ValidationError, match=said):
        section(kind, name, methods=methods)
