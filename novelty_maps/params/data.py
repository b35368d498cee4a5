"""The section `data`."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from novelty_maps.pipeline.section import Section

DatasetName = Literal[
    "digits", "mnist", "fashion_mnist", "kmnist", "emnist_digits", "cifar10", "cifar100", "folder"
]


class DataParams(Section):
    """Which images, and the side length in pixels that they are brought to."""

    name: Annotated[
        DatasetName,
        Field(
            description="Data set: digits (bundled), mnist, fashion_mnist, kmnist, emnist_digits,"
            " cifar10, cifar100, or folder for own images."
        ),
    ]
    path: Annotated[
        str | None,
        Field(
            description="Folder of own images, for the name folder; an absolute path, or one below"
            " the folder in DATASETS_ROOT."
        ),
    ]
    groups: Annotated[
        Annotated[str, Field(min_length=1)] | None,
        Field(
            description="Which own images show the same thing: TABLE or TABLE:COLUMN, a CSV in the"
            " folder with a column file; null for groups.csv if it is there."
        ),
    ]
    image_size: Annotated[
        Annotated[int, Field(ge=8, le=512, multiple_of=4)],
        Field(description="Side in pixels that images are resized to, divisible by 4."),
    ]
    fit: Annotated[
        Literal["stretch", "pad", "crop"],
        Field(
            description="How own images that are not square become so: stretch (both sides),"
            " pad (edges continued around the middle) or crop (the largest square in the middle)."
        ),
    ]

    @classmethod
    def overridden(cls, values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """As of `Section`; a name other than folder leaves aside what the file says of a folder."""
        if given.get("name", "folder") != "folder":
            values = values | {"path": None, "groups": None, "fit": "stretch"}
        return super().overridden(values, given)

    @model_validator(mode="after")
    def _path_is_of_a_folder(self) -> Self:
        if self.name == "folder" and not self.path:
            raise ValueError(
                "data.name is folder, which needs data.path: set it to the folder of the images"
            )
        if self.name != "folder" and self.path is not None:
            raise ValueError(
                f"data.path is {self.path!r}, but data.name is {self.name}: set data.path to null,"
                " or data.name to folder"
            )
        if self.name != "folder" and self.groups is not None:
            raise ValueError(
                f"data.groups is {self.groups!r}, but data.name is {self.name}, whose images are"
                " all different: set data.groups to null, or data.name to folder"
            )
        if self.name != "folder" and self.fit != "stretch":
            raise ValueError(
                f"data.fit is {self.fit}, but the images of data.name {self.name} are all square:"
                " set data.fit to stretch, or data.name to folder"
            )
        return self
