"""Stage `faithfulness`: whether maps are true to the network that they are made from."""

from typing import TYPE_CHECKING, Any

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, BootstrapSamples, Device, ParamsFile, run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn


def main(
    bootstrap_samples: BootstrapSamples = None,
    device: Device = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Delete and insert pixels in the order of each map, and randomize the network's layers.

    Both are done on the first `faithfulness.images` of the planted test images.
    """
    from stages.lib import runtime

    runtime.prepare()

    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from stages.lib import artifacts, deletion, faithfulness
    from stages.lib.devices import select_device
    from stages.lib.images import load_part, mean_image
    from stages.lib.maps import gather_maps
    from stages.lib.params import load_params
    from stages.lib.planted import load_planted
    from stages.lib.randomization import along_cascade, layers_from_output
    from stages.lib.trained import load_autoencoder

    given = {"bootstrap_samples": bootstrap_samples}
    loaded = load_params(params, metrics=given, maps={"device": device})
    settings, samples = loaded.faithfulness, loaded.metrics.bootstrap_samples
    torch_device = select_device(loaded.maps.device)
    planted = load_planted("test")
    images = np.array(planted.after[: settings.images])
    masks = np.array(planted.mask[: settings.images])
    network = load_autoencoder(images.shape[1:])
    mean = mean_image(load_part("train", novel=False)[0])
    batches: dict[str, Any] = {"batch_size": loaded.maps.batch_size, "device": torch_device}

    def maps_of(network: "nn.Module") -> "dict[str, NDArray[np.float32]]":
        maps = gather_maps(
            network,
            images,
            methods=settings.methods,
            mean_image=mean,
            masks=masks,
            seed=settings.seed,
            **batches,
        )
        return {method: np.abs(maps[method]) for method in settings.methods}

    generator = np.random.default_rng([settings.seed, 0])
    trained = maps_of(network)
    baselines = deletion.baselines(network, images, mean_image=mean, **batches)
    rows = []
    for method in tqdm(settings.methods, unit="map"):
        curves = deletion.deletion_curves(
            network, images, trained[method], baselines, steps=settings.steps, **batches
        )
        rows += faithfulness.deletion_rows(method, curves, samples=samples, generator=generator)
    deleted = pd.DataFrame(rows)
    cascades = {}
    if any(True for _ in network.parameters()):
        with tqdm(total=len(layers_from_output(network, images)), unit="layer") as bar:
            cascades = along_cascade(
                network, images, masks, maps_of, seed=settings.seed, on_step=lambda _: bar.update()
            )
    randomized = faithfulness.randomization_table(
        cascades, samples=samples, generator=np.random.default_rng([settings.seed, 1])
    )
    with artifacts.written_together():
        artifacts.write_table(paths.FAITHFULNESS, deleted)
        artifacts.write_table(paths.RANDOMIZATION, randomized)
        artifacts.write_json(
            paths.FAITHFULNESS_METRICS, faithfulness.summarise(deleted, randomized)
        )


if __name__ == "__main__":
    run(main)
