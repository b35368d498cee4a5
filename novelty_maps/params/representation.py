"""The section `representation`."""

from typing import Annotated

from pydantic import Field

from novelty_maps.pipeline.section import Positive, Section


class RepresentationParams(Section):
    """A further network, the oracles, and how many labelled anomalies these see beside all."""

    imagenet: Annotated[
        bool,
        Field(description="Whether the network of the section `detectors` is examined as well."),
    ]
    trees: Annotated[Positive, Field(description="Trees of the forest oracle.")]
    labelled_anomalies: Annotated[
        list[Positive], Field(description="Labelled anomalies of further oracles.")
    ]
    draws: Annotated[Positive, Field(description="Draws of so many labelled anomalies.")]
