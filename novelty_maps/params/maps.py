"""The section `maps`."""

from typing import Annotated

from pydantic import Field

from novelty_maps.pipeline.section import Device, Names, Positive, Section


class MapsParams(Section):
    """Which maps of the test images are computed, and how many images at a time."""

    methods: Annotated[
        Names,
        Field(
            description="Maps: reconstruction_error, saliency, smoothgrad, occlusion, …; all but"
            " mask in novelty_maps/maps/methods.py."
        ),
    ]
    batch_size: Annotated[Positive, Field(description="Images at a time; changes no result.")]
    device: Annotated[Device, Field(description="auto, cpu or cuda.")]
