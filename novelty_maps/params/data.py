"""The section `data`."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from novelty_maps.pipeline.section import Section

DatasetName = Literal[
    "digits", "mnist", "fashion_mnist", "kmnist", "emnist_digits", "cifar10", "folder"
]

_DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

# Names of a data set's classes, in the order of their labels; those of a folder are found in it.
CLASSES: dict[DatasetName, list[str]] = {
    "digits": list("0123456789"),
    "mnist": [f"{label} - {name}" for label, name in enumerate(_DIGITS)],
    "fashion_mnist": [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
    "kmnist": ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
    "emnist_digits": list("0123456789"),
    "cifar10": [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ],
}


class DataParams(Section):
    """Which images, and the side length in pixels that they are brought to."""

    name: Annotated[
        DatasetName,
        Field(
            description="Data set: digits (bundled), mnist, fashion_mnist, kmnist, emnist_digits,"
            " cifar10, or folder for own images."
        ),
    ]
    path: Annotated[
        str | None,
        Field(description="Folder of own images, for the name folder; an absolute path."),
    ]
    image_size: Annotated[
        Annotated[int, Field(ge=8, le=512, multiple_of=4)],
        Field(description="Side in pixels that images are resized to, divisible by 4."),
    ]

    @classmethod
    def overridden(cls, values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """As of `Section`; a name other than folder leaves the file's path aside."""
        if given.get("name", "folder") != "folder" and "path" not in given:
            values = values | {"path": None}
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
        return self
