"""The section `detectors`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from novelty_maps.pipeline.section import Section

LITE = "efficientnet_lite0"  # the network whose weights can be installed


class DetectorsParams(Section):
    """The frozen network whose features the maps patchcore and padim compare."""

    network: Annotated[
        Literal["efficientnet_lite0", "resnet18", "resnet50", "wide_resnet50_2"],
        Field(description="efficientnet_lite0, resnet18, resnet50 or wide_resnet50_2."),
    ]
    weights: Annotated[
        str | None,
        Field(description="State dict of this network trained on ImageNet; the installed without."),
    ]
    image_size: Annotated[
        Annotated[int, Field(ge=32)],
        Field(description="Pixels a side that images are resized to for this network."),
    ]

    @model_validator(mode="after")
    def _weights_are_named(self) -> Self:
        if self.weights is None and self.network != LITE:
            raise ValueError(
                f"only {LITE} has weights to install: name a state dict of torchvision's"
                f" {self.network} as its weights"
            )
        return self
