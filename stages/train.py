"""Stage `train`: the LSA autoencoder, trained on normal images or taken from a checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path
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
    integers,
    run,
)


def main(
    from_checkpoint: Annotated[
        Path | None,
        typer.Option(help="State dict (.pt) of this network to take instead of training."),
    ] = None,
    code_length: Annotated[int | None, typer.Option(help="Length of the latent code.")] = None,
    noise_std: Annotated[
        float | None, typer.Option(help="Std of Gaussian input noise (denoising); 0 for none.")
    ] = None,
    learning_rate: LearningRate = None,
    batch_size: BatchSize = None,
    epochs: Epochs = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without lower validation loss before stopping.")
    ] = None,
    keep_epochs: Annotated[
        str | None,
        typer.Option(help="Epochs whose weights are kept as well, separated by commas."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of initial weights, order and noise.")
    ] = None,
    device: Device = None,
    precision: Precision = None,
    compile: Compile = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Train the autoencoder on the normal training images.

    The weights kept are those of the epoch with the lowest loss on normal validation images.
    Interrupted, the same command goes on after the last finished epoch.
    """
    given = {key: value for key, value in locals().items() if key != "params"}
    if from_checkpoint is not None:
        given["from_checkpoint"] = str(from_checkpoint)
    given["keep_epochs"] = integers(keep_epochs)

    from stages.lib import runtime

    runtime.prepare()

    import pandas as pd
    import torch

    from stages.lib import artifacts, networks, training
    from stages.lib.checkpoints import Checkpoint
    from stages.lib.devices import select_device
    from stages.lib.images import load_part
    from stages.lib.params import load_params
    from stages.lib.progress import train_with_progress

    settings = load_params(params, train=given).train
    torch_device = select_device(settings.device)
    images = {
        part: torch.from_numpy(load_part(part, novel=False)[0]) for part in ("train", "validation")
    }
    network = networks.seeded_autoencoder(
        settings.seed,
        channels=images["train"].shape[1],
        image_size=images["train"].shape[2],
        code_length=settings.code_length,
    )
    validation_loss = training.mean_reconstruction_loss(
        images["validation"], batch_size=1024, device=torch_device
    )
    checkpoint, kept = None, {}
    history: Sequence[Mapping[str, float | None]]
    source = settings.from_checkpoint
    if source is not None:
        weights = artifacts.read_torch(Path(source), remedy="give a state dict saved by torch.save")
        networks.load_weights(network, weights, source=source)
        loss = validation_loss(network.to(torch_device).eval())
        history = [{"epoch": 0, "train_loss": None, "validation_loss": loss}]
        metrics = {"epochs": 0, "best_epoch": 0, "validation_loss": loss}
    else:
        decisive = [
            paths.RAW_IMAGES,
            paths.SPLIT,
            Path(networks.__file__),
            Path(training.__file__),
        ]
        checkpoint = Checkpoint(settings.model_dump(), decisive)
        state = train_with_progress(
            network,
            (images["train"],),
            checkpoint,
            batch_loss=training.reconstruction_loss(settings.noise_std),
            validation_loss=validation_loss,
            keep_epochs=settings.keep_epochs,
            device=torch_device,
            **settings.keywords(),
        )
        history = state.history
        kept = state.kept
        metrics = {
            "epochs": state.epoch,
            "best_epoch": state.best_epoch,
            "validation_loss": state.best_loss,
        }
    kept_files = {paths.epoch_path(epoch): weights for epoch, weights in kept.items()}
    with artifacts.written_together():
        artifacts.write_torch(paths.AUTOENCODER, network.to("cpu").state_dict())
        for path, weights in kept_files.items():
            artifacts.write_torch(path, weights)
        artifacts.write_table(paths.TRAINING_CURVE, pd.DataFrame(history))
        artifacts.write_json(paths.TRAINING_METRICS, metrics)
    artifacts.remove_others(paths.KEPT_EPOCHS, kept_files)
    if checkpoint is not None:
        checkpoint.remove()


if __name__ == "__main__":
    run(main)
