"""The section `faithfulness`."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from novelty_maps.params.compared import require_both
from novelty_maps.pipeline.section import Names, Positive, Section


class FaithfulnessParams(Section):
    """Which maps are asked whether they are true to the network, on how many images."""

    methods: Annotated[Names, Field(description="Maps that are compared.")]
    images: Annotated[
        Positive,
        Field(description="Planted test images of deletion, insertion and the cascade of layers."),
    ]
    steps: Annotated[Positive, Field(description="Steps of deletion and insertion.")]
    draws: Annotated[Positive, Field(description="Fresh networks that randomization ends with.")]

    @model_validator(mode="after")
    def _reference_is_there(self) -> Self:
        require_both(self.methods, section="faithfulness")
        return self
