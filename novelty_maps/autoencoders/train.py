"""How the autoencoder is obtained: taken from a file, found in closed form, or trained."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from novelty_maps.autoencoders.base import Autoencoder
from novelty_maps.autoencoders.losses import mean_reconstruction_loss
from novelty_maps.autoencoders.principal_components import PrincipalComponents
from novelty_maps.autoencoders.registry import seeded_autoencoder
from novelty_maps.networks.inputs import ValidationLoss
from novelty_maps.networks.weights import load_published_weights
from novelty_maps.params.train import TrainParams
from novelty_maps.training.augmentation import augmented
from novelty_maps.training.batch_norm import calibration, calibration_images
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.progress import Watch, train_with_progress
from novelty_maps.training.state import TrainingState

_BATCH = 1024  # images at a time in validation


class Trained(NamedTuple):
    """An autoencoder and the record of its training.

    Attributes:
        weights: State dict, on the CPU.
        history: A row per epoch: epoch, train_loss, validation_loss; of a network that was not
            trained one row, epoch 0, without a training loss.
        metrics: Epochs trained, the best epoch, and its validation loss.
        kept: Epoch to state dict, of the epochs of `train.keep_epochs` that were reached.
        kept_running: The same with batch norm's moving averages, for `train.batch_norm` both.
    """

    weights: dict[str, Any]
    history: Sequence[Mapping[str, float | None]]
    metrics: dict[str, float]
    kept: dict[int, dict[str, Any]]
    kept_running: dict[int, dict[str, Any]]


def train_autoencoder(
    settings: TrainParams,
    images: Mapping[str, Tensor],
    checkpoint: Checkpoint,
    *,
    device: torch.device,
    watch: Watch = lambda state: None,
) -> Trained:
    """The autoencoder that the section `train` asks for.

    Args:
        settings: The section.
        images: "train" and "validation" to normal images (N, C, H, W) uint8.
        checkpoint: Where an interrupted training goes on from.
        device: Where to compute.
        watch: Called after every epoch.

    Raises:
        InputError: The network does not go with images or code length, the file of
            `from_checkpoint` cannot be used, or training diverged.
    """
    network = seeded_autoencoder(
        settings.seed,
        network=settings.network,
        image_shape=tuple(images["train"].shape[1:]),
        code_length=settings.code_length,
        loss=settings.loss,
    )
    validation_loss = mean_reconstruction_loss(
        images["validation"], batch_size=_BATCH, device=device
    )
    source = settings.from_checkpoint
    if source is not None:
        load_published_weights(network, source)
    elif isinstance(network, PrincipalComponents):
        network.fit(images["train"].numpy())
    else:
        state = _train(
            network,
            settings,
            images["train"],
            checkpoint,
            validation_loss=validation_loss,
            device=device,
            watch=watch,
        )
        return _record(network, state)
    return _record_untrained(network, validation_loss(network.to(device).eval()))


def _train(
    network: Autoencoder,
    settings: TrainParams,
    images: Tensor,
    checkpoint: Checkpoint,
    *,
    validation_loss: ValidationLoss,
    device: torch.device,
    watch: Watch,
) -> TrainingState:
    return train_with_progress(
        network,
        (images,),
        checkpoint,
        batch_loss=augmented(
            network.batch_loss(noise_std=settings.noise_std), settings.augmentation, photos=True
        ),
        validation_loss=validation_loss,
        after_steps=calibration(
            settings.batch_norm, calibration_images(images, seed=settings.seed), device=device
        ),
        keep_epochs=settings.keep_epochs,
        keep_running=settings.keep_epochs if settings.batch_norm == "both" else [],
        epoch_steps=settings.epoch_steps,
        device=device,
        watch=watch,
        **settings.keywords(),
    )


def _record(network: Autoencoder, state: TrainingState) -> Trained:
    numbers = {
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "validation_loss": state.best_loss,
    }
    weights = network.to("cpu").state_dict()
    return Trained(weights, state.history, numbers, state.kept, state.kept_running)


def _record_untrained(network: Autoencoder, loss: float) -> Trained:
    row = {"epoch": 0, "train_loss": None, "validation_loss": loss}
    numbers = {"epochs": 0, "best_epoch": 0, "validation_loss": loss}
    return Trained(network.to("cpu").state_dict(), [row], numbers, {}, {})
