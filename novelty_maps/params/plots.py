"""The section `plots`."""

from typing import Annotated

from pydantic import Field

from novelty_maps.pipeline.section import Positive, Section, Seed


class PlotsParams(Section):
    """Style of the figures."""

    examples: Annotated[Positive, Field(description="Normal and novel rows in the figure of maps.")]
    colormap: Annotated[str, Field(description="matplotlib colour map of one-channel images.")]
    dpi: Annotated[
        Annotated[int, Field(ge=30, le=1200)], Field(description="Resolution of the .png files.")
    ]
    seed: Annotated[Seed, Field(description="Seed that draws the examples.")]
