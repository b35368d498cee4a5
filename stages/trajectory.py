"""Stage `trajectory`: the comparison of the maps after each epoch whose weights were kept."""

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, BootstrapSamples, MetricsSeed, ParamsFile, TopK, run


def main(
    k: TopK = None,
    bootstrap_samples: BootstrapSamples = None,
    seed: MetricsSeed = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Compare the maps of the test images along training: train.keep_epochs and the best epoch."""
    from stages.lib import runtime

    runtime.prepare()

    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from stages.lib import artifacts, trajectory
    from stages.lib.devices import select_device
    from stages.lib.images import load_part
    from stages.lib.params import load_params
    from stages.lib.trained import load_autoencoder

    given = {"k": k, "bootstrap_samples": bootstrap_samples, "seed": seed}
    settings = load_params(params, metrics=given)
    device = select_device(settings.maps.device)
    images, rows = load_part("test")
    training = artifacts.read_json(
        paths.TRAINING_METRICS, keys=["epochs", "best_epoch"], made_by="train"
    )
    losses = artifacts.read_table(
        paths.TRAINING_CURVE, columns=["validation_loss"], integers=["epoch"], made_by="train"
    ).set_index("epoch")["validation_loss"]
    epochs = trajectory.epochs_to_evaluate(
        settings.train.keep_epochs, last=training["epochs"], best=training["best_epoch"]
    )
    table = []
    with tqdm(total=len(epochs) * len(images), unit="img", mininterval=0.5) as bar:
        for epoch in epochs:
            best = epoch == training["best_epoch"]
            path = paths.AUTOENCODER if best else paths.epoch_path(epoch)
            network = load_autoencoder(images.shape[1:], path)
            numbers = trajectory.evaluate_network(
                network,
                images,
                rows,
                k=settings.metrics.k,
                samples=settings.metrics.bootstrap_samples,
                generator=np.random.default_rng([settings.metrics.seed, epoch]),
                batch_size=settings.maps.batch_size,
                device=device,
                on_batch=bar.update,
            )
            loss = losses.get(epoch)
            table.append({"epoch": epoch, "best": int(best), "validation_loss": loss} | numbers)
    artifacts.write_table(paths.TRAJECTORY, pd.DataFrame(table))


if __name__ == "__main__":
    run(main)
