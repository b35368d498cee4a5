"""Stage `train`: the LSA autoencoder, trained on normal images or taken from a checkpoint."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, integers, run

if TYPE_CHECKING:
    from torch import Tensor

    from stages.lib.checkpoints import Checkpoint
    from stages.lib.networks import Autoencoder
    from stages.lib.params import TrainParams
    from stages.lib.training import TrainingState, ValidationLoss


def main(
    from_checkpoint: Annotated[
        Path | None,
        typer.Option(help="State dict (.pt) of this network to take instead of training."),
    ] = None,
    code_length: Annotated[int | None, typer.Option(help="Length of the latent code.")] = None,
    noise_std: Annotated[
        float | None, typer.Option(help="Std of Gaussian input noise (denoising); 0 for none.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate of Adam.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images in a training batch.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs at most.")] = None,
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
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="fp32, or bf16 for mixed precision.")
    ] = None,
    compile: Annotated[
        bool | None, typer.Option(help="Compile the network with torch.compile.")
    ] = None,
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
        state = _train(network, images["train"], validation_loss, settings, checkpoint)
        history = state.history
        kept = state.kept
        metrics = {
            "epochs": state.epoch,
            "best_epoch": state.best_epoch,
            "validation_loss": state.best_loss,
        }
    files = {paths.AUTOENCODER: network.to("cpu").state_dict()}
    files |= {paths.epoch_path(epoch): weights for epoch, weights in kept.items()}
    with artifacts.written_together():
        for path, weights in files.items():
            artifacts.write_torch(path, weights)
        artifacts.write_table(paths.TRAINING_CURVE, pd.DataFrame(history))
        artifacts.write_json(paths.TRAINING_METRICS, metrics)
    artifacts.remove_others(paths.MODEL, files)
    if checkpoint is not None:
        checkpoint.remove()


def _train(
    network: "Autoencoder",
    images: "Tensor",
    validation_loss: "ValidationLoss",
    settings: "TrainParams",
    checkpoint: "Checkpoint",
) -> "TrainingState":
    """Run the loop with a progress bar and a checkpoint per epoch."""
    from tqdm import tqdm

    from stages.lib.devices import select_device
    from stages.lib.training import reconstruction_loss, train

    state = checkpoint.load()
    done = 0 if state is None else state.epoch
    if state is not None:
        print(f"going on after epoch {done} ({checkpoint.path})", file=sys.stderr)
    per_epoch = len(images) - len(images) % min(settings.batch_size, len(images))
    with tqdm(
        total=settings.epochs * per_epoch,
        initial=done * per_epoch,
        unit="img",
        unit_scale=True,
        mininterval=0.5 if sys.stderr.isatty() else 10,
    ) as bar:

        def on_batch(count: int, loss: "Tensor") -> None:
            # Reading a loss waits for the device: only when the bar is drawn.
            if bar.update(count):
                bar.set_postfix(loss=f"{float(loss):.5f}", refresh=False)

        def on_epoch(state: "TrainingState") -> None:
            checkpoint.save(state)
            loss = state.history[-1]["validation_loss"]
            bar.set_description(
                f"epoch {state.epoch}/{settings.epochs} validation {loss:.5f}", refresh=False
            )

        return train(
            network,
            (images,),
            batch_loss=reconstruction_loss(settings.noise_std),
            validation_loss=validation_loss,
            learning_rate=settings.learning_rate,
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            patience=settings.patience,
            seed=settings.seed,
            device=select_device(settings.device),
            precision=settings.precision,
            compile=settings.compile,
            keep_epochs=settings.keep_epochs,
            state=state,
            on_batch=on_batch,
            on_epoch=on_epoch,
        )


if __name__ == "__main__":
    run(main)
