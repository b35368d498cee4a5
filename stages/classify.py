"""Stage `classify`: a classifier whose representation is examined."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import (
    DEFAULT_PARAMS,
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
    variant: Annotated[
        str,
        typer.Option(help="nominal: trained on the normal classes; all_classes: on all of them."),
    ],
    network: Annotated[str | None, typer.Option(help="small_resnet or resnet34.")] = None,
    learning_rate: LearningRate = None,
    batch_size: BatchSize = None,
    epochs: Epochs = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without higher validation accuracy before stopping.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of initial weights and order.")] = None,
    device: Device = None,
    precision: Precision = None,
    compile: Compile = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Train a classifier on the training images and keep the weights of the best epoch.

    The best epoch is that of the highest accuracy on validation images of the same classes. The
    novel classes are in neither part for `nominal`. Interrupted, the same command goes on.
    """
    given = {key: value for key, value in locals().items() if key not in ("params", "variant")}

    from stages.lib import runtime

    runtime.prepare()

    from pathlib import Path

    import pandas as pd
    import torch

    from stages.lib import artifacts, classification, classifiers, training
    from stages.lib.checkpoints import Checkpoint
    from stages.lib.devices import select_device
    from stages.lib.images import load_part
    from stages.lib.params import load_params
    from stages.lib.progress import train_with_progress

    settings = load_params(params, classifier={**given, "variants": [variant]}).classifier
    torch_device = select_device(settings.device)
    novel = variant == "all_classes"
    images, targets = {}, {}
    for part in ("train", "validation"):
        pixels, rows = load_part(part, novel=novel)
        images[part] = torch.from_numpy(pixels)
        classes, targets[part] = classification.class_targets(rows["label"])
    classifier = classifiers.seeded_classifier(
        settings.seed, settings.network, channels=images["train"].shape[1], classes=len(classes)
    )
    checkpoint = Checkpoint(
        settings.model_dump(),
        [paths.RAW_IMAGES, paths.SPLIT, Path(classifiers.__file__), Path(training.__file__)],
    )
    state = train_with_progress(
        classifier,
        (images["train"], targets["train"]),
        checkpoint,
        batch_loss=classification.classification_loss(),
        validation_loss=classification.error_rate(
            images["validation"], targets["validation"], batch_size=1024, device=torch_device
        ),
        device=torch_device,
        **settings.keywords(),
    )
    history = pd.DataFrame(state.history).rename(columns={"validation_loss": "validation_error"})
    metrics = {
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "validation_accuracy": 1 - state.best_loss,
    }
    with artifacts.written_together():
        artifacts.write_torch(paths.classifier_path(variant), classifier.to("cpu").state_dict())
        artifacts.write_table(paths.CLASSIFIER_METRICS / f"{variant}.csv", history)
        artifacts.write_json(paths.CLASSIFIER_METRICS / f"{variant}.json", metrics)
    checkpoint.remove()


if __name__ == "__main__":
    run(main)
