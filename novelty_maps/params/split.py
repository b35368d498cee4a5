"""The section `split`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from novelty_maps.pipeline.section import Fraction, Section, Seed


class SplitParams(Section):
    """Which classes are normal, and how the images are divided."""

    protocol: Annotated[
        Literal["one_class", "open_60_20_20"],
        Field(description="one_class, or open_60_20_20 (parts merged and drawn anew)."),
    ]
    normal_classes: Annotated[
        Annotated[
            list[Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1)]],
            Field(min_length=1),
        ],
        Field(
            description="Classes that are normal, by number or name (a name that is a number in"
            " quotes); all others are novel."
        ),
    ]
    validation_fraction: Annotated[
        Fraction, Field(description="Share of the training images that go to validation.")
    ]
    test_fraction: Annotated[
        Fraction,
        Field(description="Share that goes to test where the data set has no official test part."),
    ]
    seed: Annotated[Seed, Field(description="Seed of the draws.")]

    @model_validator(mode="after")
    def _classes_are_distinct(self) -> Self:
        if len(set(self.normal_classes)) < len(self.normal_classes):
            raise ValueError(f"split.normal_classes names a class twice: {self.normal_classes}")
        return self
