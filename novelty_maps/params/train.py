"""The section `train`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from novelty_maps.params.training import TrainingSection
from novelty_maps.pipeline.section import Positive


class TrainParams(TrainingSection):
    """The autoencoder and how it is trained."""

    network: Annotated[
        Literal["lsa", "dense", "fully_convolutional", "vae", "pca"],
        Field(description="lsa, dense, fully_convolutional, vae, or pca (found, not trained)."),
    ]
    from_checkpoint: Annotated[
        str | None,
        Field(description="State dict (.pt) of this network to take instead of training."),
    ]
    code_length: Annotated[Positive, Field(description="Length of the latent code.")]
    noise_std: Annotated[
        Annotated[float, Field(ge=0)],
        Field(description="Std of Gaussian input noise (denoising); 0 for none."),
    ]
    batch_norm: Annotated[
        Literal["precise", "running", "both"],
        Field(
            description="precise (statistics anew after each epoch), running (moving average), or"
            " both: precise, and the weights of keep_epochs with the moving average as well."
        ),
    ]
    keep_epochs: Annotated[
        list[Positive], Field(description="Epochs whose weights are kept as well.")
    ]

    @model_validator(mode="after")
    def _noise_has_a_training(self) -> Self:
        if self.network == "pca" and self.noise_std > 0:
            raise ValueError(
                f"train.noise_std is {self.noise_std:g}, but train.network pca is found in closed"
                " form, without training: set train.noise_std to 0.0"
            )
        return self
