"""The section `plant`."""

from typing import Annotated

from pydantic import Field

from novelty_maps.pipeline.section import Distinct, Names, Positive, Section, Seed


class PlantParams(Section):
    """Which novelties are planted into normal images, and into how many."""

    kinds: Annotated[Names, Field(description="Kinds of novelty.")]
    sizes: Annotated[
        Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1), Distinct],
        Field(description="Diameters as shares of the side of the image."),
    ]
    intensities: Annotated[
        Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1), Distinct],
        Field(description="Shares of the change that are applied."),
    ]
    validation_images: Annotated[
        Positive, Field(description="Images of the validation part, at most.")
    ]
    test_images: Annotated[Positive, Field(description="Images of the test part, at most.")]
    seed: Annotated[Seed, Field(description="Seed of the draws.")]
