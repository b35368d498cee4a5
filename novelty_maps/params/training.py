"""What the sections of trained networks, `train` and `classifier`, have in common."""

from typing import Annotated, Any, Literal

from pydantic import Field

from novelty_maps.pipeline.section import Device, Positive, Section, Seed


class TrainingSection(Section):
    """How a network is trained."""

    learning_rate: Annotated[
        Annotated[float, Field(gt=0)], Field(description="Learning rate of Adam.")
    ]
    batch_size: Annotated[
        Annotated[int, Field(ge=2)], Field(description="Images in a training batch.")
    ]
    epochs: Annotated[Positive, Field(description="Epochs at most.")]
    patience: Annotated[
        Positive, Field(description="Epochs without improvement in validation before stopping.")
    ]
    seed: Annotated[Seed, Field(description="Seed of initial weights, order and noise.")]
    device: Annotated[Device, Field(description="auto, cpu or cuda.")]
    precision: Annotated[
        Literal["fp32", "bf16"], Field(description="fp32, or bf16 for mixed precision.")
    ]
    compile: Annotated[bool, Field(description="Compile the network with torch.compile.")]

    def keywords(self) -> dict[str, Any]:
        """The settings as keywords of `training.loop.train`, all but the device."""
        return self.model_dump(include=TrainingSection.model_fields.keys() - {"device"})
