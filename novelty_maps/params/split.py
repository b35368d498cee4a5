"""The section `split`."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from novelty_maps.params.known_splits import KNOWN_SPLITS
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
        ]
        | str,
        Field(
            description="Classes that are normal, by number or name (a name that is a number in"
            " quotes), or a known split, such as neal_0; all others are novel."
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

    @classmethod
    def overridden(cls, values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """As of `Section`; a list of a known split's name alone is that split."""
        match given.get("normal_classes"):
            case [str(name)] if name in KNOWN_SPLITS:
                given = given | {"normal_classes": name}
        return super().overridden(values, given)

    @model_validator(mode="after")
    def _classes_are_distinct(self) -> Self:
        classes = self.normal_classes
        if not isinstance(classes, str) and len(set(classes)) < len(classes):
            raise ValueError(f"split.normal_classes names a class twice: {classes}")
        return self
