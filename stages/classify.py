"""Stage `classify`: a classifier whose representation is examined."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import (
    DEFAULT_PARAMS,
    BatchNorm,
    BatchSize,
    Compile,
    Device,
    Epochs,
    LearningRate,
    ParamsFile,
    Precision,
    run,
)


def main(
    variant: Annotated[str, typer.Argument(help="Name of one of classifier.variants.")],
    backbone: Annotated[str | None, typer.Option(help="small_resnet or resnet34.")] = None,
    augmentation: Annotated[
        str | None, typer.Option(help="none, shift or shift_and_flip of training images.")
    ] = None,
    learning_rate: LearningRate = None,
    batch_size: BatchSize = None,
    epochs: Epochs = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without higher validation accuracy before stopping.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of initial weights and order.")] = None,
    batch_norm: BatchNorm = None,
    device: Device = None,
    precision: Precision = None,
    compile: Compile = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Train a classifier on the training images and keep the weights of the best epoch.

    The best epoch is that of the highest accuracy on validation images of the same classes. The
    novel classes are in neither part unless the objective is `all_classes`. Interrupted, the same
    command goes on.
    """
    given = {key: value for key, value in locals().items() if key not in ("params", "variant")}

    from stages.lib import runtime

    runtime.prepare()

    import pandas as pd
    import torch

    from stages.lib import artifacts, classification, objectives
    from stages.lib.augmentation import augmented
    from stages.lib.batch_norm import calibration, calibration_images
    from stages.lib.checkpoints import Checkpoint
    from stages.lib.devices import select_device, warn_of_slow_precision
    from stages.lib.images import load_part
    from stages.lib.params import load_params
    from stages.lib.progress import train_with_progress

    settings = load_params(params, classifier=given).classifier
    chosen = settings.variant(variant)
    objective = objectives.OBJECTIVES[chosen.objective]
    torch_device = select_device(settings.device)
    warn_of_slow_precision(settings.precision, torch_device)
    images, targets = {}, {}
    for part in ("train", "validation"):
        pixels, rows = load_part(part, novel=chosen.sees_novel)
        images[part] = torch.from_numpy(pixels)
        classes, targets[part] = classification.class_targets(rows["label"])
    # An option of the command line is stronger than the variant's own setting.
    seed = settings.seed if given["seed"] is not None else settings.seed_of(variant)
    learning_rate = (
        settings.learning_rate
        if given["learning_rate"] is not None
        else settings.learning_rate_of(variant)
    )
    own = {"seed": seed, "learning_rate": learning_rate}
    network = objectives.seeded_network(
        seed,
        settings.backbone,
        chosen.objective,
        chosen.own(),
        image_shape=tuple(images["train"].shape[1:]),
        classes=len(classes),
    )
    checkpoint = Checkpoint(
        {**settings.model_dump(exclude={"variants"}), **chosen.model_dump(), **own},
        [paths.RAW_IMAGES, paths.SPLIT, *objectives.source_files(chosen.objective)],
    )
    state = train_with_progress(
        network,
        (images["train"], targets["train"]),
        checkpoint,
        batch_loss=augmented(
            objective.loss(network, len(images["train"]), chosen.own()), settings.augmentation
        ),
        validation_loss=objective.validation_loss(
            images["validation"], targets["validation"], batch_size=1024, device=torch_device
        ),
        after_steps=calibration(
            settings.batch_norm,
            objective.evaluated(calibration_images(images["train"], seed=seed)),
            device=torch_device,
        ),
        device=torch_device,
        **{**settings.keywords(), **own},
    )
    history = pd.DataFrame(state.history).rename(columns={"validation_loss": "validation_error"})
    metrics = {
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        objective.accuracy: 1 - state.best_loss,
    }
    with artifacts.written_together():
        artifacts.write_torch(paths.classifier_path(variant), network.to("cpu").state_dict())
        artifacts.write_table(paths.CLASSIFIER_METRICS / f"{variant}.csv", history)
        artifacts.write_json(paths.CLASSIFIER_METRICS / f"{variant}.json", metrics)
    checkpoint.remove()


if __name__ == "__main__":
    run(main)
