"""The section `localization`."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from novelty_maps.params.compared import require_both
from novelty_maps.pipeline.section import Distinct, Fraction, Names, Positive, Section


class LocalizationParams(Section):
    """Which maps are asked for the planted novelties, and how."""

    epoch: Annotated[
        Positive | None,
        Field(description="Epoch of train.keep_epochs whose network is asked; the best without."),
    ]
    methods: Annotated[Names, Field(description="Maps that are asked for the novelty.")]
    blurs: Annotated[
        Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1), Distinct],
        Field(description="Standard deviations in pixels, of which each map gets the best."),
    ]
    false_positive_rate: Annotated[
        Fraction, Field(description="Share of the pixels of normal images that a threshold marks.")
    ]

    @model_validator(mode="after")
    def _references_are_there(self) -> Self:
        require_both(self.methods, section="localization", also=["absolute_error"])
        return self
