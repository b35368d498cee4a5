"""The section `representation`."""

from typing import Annotated, Literal

from pydantic import Field

from novelty_maps.pipeline.section import Distinct, Positive, Section


class RepresentationParams(Section):
    """Representations beside the classifiers, and the oracles with all labels and with few."""

    others: Annotated[
        list[Literal["autoencoder", "untrained", "raw_pixels", "imagenet"]],
        Distinct,
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
    held_out_classes: Annotated[
        bool,
        Field(
            description="Whether each novel class in turn is held out of a forest oracle's labels:"
            " as many forests as there are novel classes."
        ),
    ]
