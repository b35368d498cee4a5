"""The section `train`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from novelty_maps.params.training import TrainingSection
from novelty_maps.pipeline.section import Positive


class TrainParams(TrainingSection):
    """The autoencoder and how it is trained."""

    network: Annotated[
        Literal["lsa", "dense", "fully_convolutional", "vae", "bergmann", "pca"],
        Field(description="lsa, dense, fully_convolutional, vae, bergmann, or pca (not trained)."),
    ]
    from_checkpoint: Annotated[
        str | None,
        Field(description="State dict (.pt) of this network to take instead of training."),
    ]
    code_length: Annotated[Positive, Field(description="Length of the latent code.")]
    loss: Annotated[
        Literal["mse", "ssim"],
        Field(description="mse (mean squared error) or ssim (mean of 1 − structural similarity)."),
    ]
    augmentation: Annotated[
        Literal["none", "flip", "shift", "shift_and_flip"],
        Field(
            description="none, flip (left to right), shift (by up to an eighth of the side, edges"
            " repeated) or shift_and_flip of training images."
        ),
    ]
    noise_std: Annotated[
        Annotated[float, Field(ge=0)],
        Field(description="Std of Gaussian input noise (denoising); 0 for none."),
    ]
    epoch_steps: Annotated[
        Positive | None,
        Field(
            description="Steps of an epoch at least, which visits the images as often as that"
            " takes; without, one visit."
        ),
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
    def _settings_have_a_training(self) -> Self:
        without = {"noise_std": 0.0, "loss": "mse", "augmentation": "none", "processes": 1}
        for key, value in without.items() if self.network == "pca" else ():
            if getattr(self, key) != value:
                raise ValueError(
                    f"train.{key} is {getattr(self, key)}, but train.network pca is found in closed"
                    f" form, without training: set train.{key} to {value}"
                )
        return self
