"""What the sections of params.yaml are made of."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]
BatchNorm = Literal["precise", "running"]

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A section of params.yaml: no unknown keys, no silent conversion, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TrainingSection(Section):
    """How a network is trained."""

    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Annotated[int, Field(ge=2)]
    epochs: Positive
    patience: Positive
    batch_norm: BatchNorm
    seed: Seed
    device: Device
    precision: Precision
    compile: bool

    def keywords(self) -> dict[str, Any]:
        """The settings as keywords of `training.train`, all but device and batch norm."""
        others = {"device", "batch_norm"}
        return self.model_dump(include=TrainingSection.model_fields.keys() - others)
