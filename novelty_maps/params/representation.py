"""The section `representation`."""

from typing import Annotated

from pydantic import Field

from novelty_maps.pipeline.section import Positive, Section


class RepresentationParams(Section):
    """The oracles, and how many labelled anomalies they see beside all of them."""

    trees: Annotated[Positive, Field(description="Trees of the forest oracle.")]
    labelled_anomalies: Annotated[
        list[Positive], Field(description="Labelled anomalies of further oracles.")
    ]
    draws: Annotated[Positive, Field(description="Draws of so many labelled anomalies.")]
