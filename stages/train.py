"""Stage `train`: the autoencoder, trained on normal images or taken from a checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path
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
    integers,
    run,
)


def main(
    network: Annotated[
        str | None,
        typer.Option(help="lsa, dense, fully_convolutional, vae, or pca (found, not trained)."),
    ] = None,
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
    batch_norm: BatchNorm = None,
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

    from stages.lib import artifacts, autoencoders, networks, training
    from stages.lib.batch_norm import calibration, calibration_images
    from stages.lib.checkpoints import Checkpoint
    from stages.lib.devices import select_device, warn_of_slow_precision
    from stages.lib.images import load_part
    from stages.lib.params import load_params
    from stages.lib.principal_components import PrincipalComponents
    from stages.lib.progress import train_with_progress

    settings = load_params(params, train=given).train
    torch_device = select_device(settings.device)
    warn_of_slow_precision(settings.precision, torch_device)
    images = {
        part: torch.from_numpy(load_part(part, novel=False)[0]) for part in ("train", "validation")
    }
    autoencoder = autoencoders.seeded_autoencoder(
        settings.seed,
        network=settings.network,
        image_shape=tuple(images["train"].shape[1:]),
        code_length=settings.code_length,
    )
    validation_loss = training.mean_reconstruction_loss(
        images["validation"], batch_size=1024, device=torch_device
    )
    state, checkpoint = None, None
    source = settings.from_checkpoint
    if source is not None:
        weights = artifacts.read_torch(Path(source), remedy="give a state dict saved by torch.save")
        networks.load_weights(autoencoder, weights, source=source)
    elif isinstance(autoencoder, PrincipalComponents):
        autoencoder.fit(images["train"].numpy())
    else:
        source_files = autoencoders.source_files(settings.network)
        checkpoint = Checkpoint(
            settings.model_dump(), [paths.RAW_IMAGES, paths.SPLIT, *source_files]
        )
        state = train_with_progress(
            autoencoder,
            (images["train"],),
            checkpoint,
            batch_loss=autoencoder.batch_loss(noise_std=settings.noise_std),
            validation_loss=validation_loss,
            after_steps=calibration(
                settings.batch_norm,
                calibration_images(images["train"], seed=settings.seed),
                device=torch_device,
            ),
            keep_epochs=settings.keep_epochs,
            device=torch_device,
            **settings.keywords(),
        )
    history: Sequence[Mapping[str, float | None]]
    if state is None:  # nothing was trained
        loss = validation_loss(autoencoder.to(torch_device).eval())
        history = [{"epoch": 0, "train_loss": None, "validation_loss": loss}]
        metrics = {"epochs": 0, "best_epoch": 0, "validation_loss": loss}
    else:
        history = state.history
        metrics = {
            "epochs": state.epoch,
            "best_epoch": state.best_epoch,
            "validation_loss": state.best_loss,
        }
    kept = {} if state is None else state.kept
    kept_files = {paths.epoch_path(epoch): weights for epoch, weights in kept.items()}
    with artifacts.written_together():
        artifacts.write_torch(paths.AUTOENCODER, autoencoder.to("cpu").state_dict())
        for path, weights in kept_files.items():
            artifacts.write_torch(path, weights)
        artifacts.write_table(paths.TRAINING_CURVE, pd.DataFrame(history))
        artifacts.write_json(paths.TRAINING_METRICS, metrics)
    artifacts.remove_others(paths.KEPT_EPOCHS, kept_files)
    if checkpoint is not None:
        checkpoint.remove()


if __name__ == "__main__":
    run(main)
