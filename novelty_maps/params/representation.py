"""The section `representation`."""

from typing import Annotated, Literal

from pydantic import Field

from novelty_maps.pipeline.section import Positive, Section


class RepresentationParams(Section):
    """A further network, the oracles, and how many labelled anomalies these see beside all."""

    others: Annotated[
        list[Literal["autoencoder", "untrained", "raw_pixels", "imagenet"]],
        Field(
            description="Representations beside the classifiers: autoencoder, untrained,"
            " raw_pixels, imagenet (the frozen network of detectors)."
        ),
    ]
    trees: Annotated[Positive, Field(description="Trees of the forest oracle.")]
    labelled_anomalies: Annotated[
        list[Positive], Field(description="Labelled anomalies of further oracles.")
    ]
    draws: Annotated[Positive, Field(description="Draws of so many labelled anomalies.")]
