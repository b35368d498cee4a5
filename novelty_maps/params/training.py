"""What the sections of trained networks, `train` and `classifier`, have in common."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from novelty_maps.pipeline.section import Device, Positive, Section, Seed


class TrainingSection(Section):
    """How a network is trained."""

    learning_rate: Annotated[
        Annotated[float, Field(gt=0)], Field(description="Learning rate of Adam.")
    ]
    batch_size: Annotated[
        Annotated[int, Field(ge=2)],
        Field(description="Images in a training batch, over all processes."),
    ]
    epochs: Annotated[Positive, Field(description="Epochs at most.")]
    patience: Annotated[
        Positive,
        Field(
            description="Epochs without improvement in validation before stopping; at a loss of 0"
            " it stops at once, but for epochs to keep."
        ),
    ]
    seed: Annotated[Seed, Field(description="Seed of initial weights, order and noise.")]
    device: Annotated[Device, Field(description="auto, cpu or cuda.")]
    processes: Annotated[
        Positive,
        Field(description="Processes that share each batch, on CUDA with a device each."),
    ]
    precision: Annotated[
        Literal["fp32", "bf16"], Field(description="fp32, or bf16 for mixed precision.")
    ]
    compile: Annotated[bool, Field(description="Compile the network with torch.compile.")]

    @field_validator("processes")
    @classmethod
    def _batch_has_equal_shares(cls, processes: int, info: ValidationInfo) -> int:
        batch_size = info.data.get("batch_size", 2 * processes)  # without: an error of its own
        if processes > 1 and (batch_size % processes or batch_size < 2 * processes):
            fitting = max(2, -(-batch_size // processes)) * processes
            raise PydanticCustomError(
                "shares",
                "batch_size {batch_size} cannot be divided into so many equal shares of 2 images or"
                " more: set batch_size to a multiple, such as {fitting}",
                {"batch_size": batch_size, "fitting": fitting},
            )
        return processes

    def keywords(self) -> dict[str, Any]:
        """The settings as keywords of `training.loop.train`: all but where it runs."""
        where = {"device", "processes"}
        return self.model_dump(include=TrainingSection.model_fields.keys() - where)
