"""The maps that sections with a comparison of maps must have."""

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


def test_absolute_error_must_be_there_for_localization_alone() -> None:
    both = ["reconstruction_error", "saliency"]
    said = r"localization\.methods lacks absolute_error, which is compared: add it"
    with pytest.raises(pydantic.ValidationError, match=said):
        section(LocalizationParams, "localization", methods=both)
    section(LocalizationParams, "localization", methods=[*both, "absolute_error"])
    section(FaithfulnessParams, "faithfulness", methods=both)
