"""The section `metrics`."""

from typing import Annotated

from pydantic import Field

from novelty_maps.pipeline.section import Positive, Section


class MetricsParams(Section):
    """The headline K and the bootstrap."""

    k: Annotated[Positive, Field(description="K of top-K agreement and of distance to best match.")]
    bootstrap_samples: Annotated[
        Annotated[int, Field(ge=100)], Field(description="Resamplings behind each 95% interval.")
    ]
