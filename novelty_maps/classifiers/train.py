"""How a classifier is trained: by its objective, with the settings of its variant."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from novelty_maps.classifiers.objectives import objective_of, seeded_network
from novelty_maps.params.classifier import ClassifierParams, Variant
from novelty_maps.training.augmentation import augmented
from novelty_maps.training.batch_norm import calibration, calibration_images
from novelty_maps.training.checkpoints import Checkpoint
from novelty_maps.training.progress import Watch, train_with_progress
from novelty_maps.training.state import TrainingState


def settings_of(name: str, classifier: ClassifierParams) -> ClassifierParams:
    """The settings that a variant is trained with: seed and learning rate are its own.

    Raises:
        InputError: There is no variant of this name.
    """
    own = {"seed": classifier.seed_of(name), "learning_rate": classifier.learning_rate_of(name)}
    return classifier.model_copy(update=own)


def train_classifier(
    variant: Variant,
    settings: ClassifierParams,
    images: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    checkpoint: Checkpoint,
    *,
    classes: int,
    device: torch.device,
    watch: Watch = lambda state: None,
) -> tuple[nn.Module, TrainingState]:
    """A network with the weights of its best epoch, and the state that its training ended in.

    Args:
        variant: The objective and its own settings.
        settings: As of `settings_of`.
        images: "train" and "validation" to (N, C, H, W) uint8.
        targets: The same to (N,) int64, each image's place among the classes.
        checkpoint: Where an interrupted training goes on from.
        classes: Number of classes.
        device: Where to compute.
        watch: Called after every epoch.
    """
    objective, own = objective_of(variant), variant.own()
    shape = tuple(images["train"].shape[1:])
    network = seeded_network(
        settings.seed, settings.backbone, variant.objective, own, image_shape=shape, classes=classes
    )
    loss = objective.loss(network, len(images["train"]), own)
    calibrating = objective.evaluated(calibration_images(images["train"], seed=settings.seed))
    state = train_with_progress(
        network,
        (images["train"], targets["train"]),
        checkpoint,
        batch_loss=augmented(loss, settings.augmentation),
        validation_loss=objective.validation_loss(
            images["validation"], targets["validation"], batch_size=1024, device=device
        ),
        after_steps=calibration(settings.batch_norm, calibrating, device=device),
        schedule=settings.schedule,
        weight_decay=settings.weight_decay,
        keep_epochs=settings.keep_epochs,
        device=device,
        watch=watch,
        **settings.keywords(),
    )
    return network, state


def history_table(state: TrainingState) -> pd.DataFrame:
    """A row per epoch, with the validation loss under its name here: `validation_error`."""
    return pd.DataFrame(state.history).rename(columns={"validation_loss": "validation_error"})


def numbers(state: TrainingState, variant: Variant) -> dict[str, Any]:
    """Epochs trained, the best one, and its accuracy under the objective's name for it."""
    return {
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        objective_of(variant).accuracy: 1 - state.best_loss,
    }
