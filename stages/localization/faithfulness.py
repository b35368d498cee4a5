"""Stage `localization_faithfulness`: whether maps are true to the network that they come from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from novelty_maps.params.faithfulness import FaithfulnessParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from novelty_maps.faithfulness.randomization import Cascade, Maps


def main(
    faithfulness: FaithfulnessParams,
    metrics: Annotated[MetricsParams, reads("bootstrap_samples")],
    maps: Annotated[MapsParams, reads("batch_size", "device")],
) -> None:
    """Delete and insert pixels in the order of each map, and randomize the network's layers.

    Both are done on the first `faithfulness.images` of the planted test images.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    import numpy as np
    from tqdm import tqdm

    from novelty_maps.autoencoders.trained import load_autoencoder
    from novelty_maps.faithfulness import deletion, files
    from novelty_maps.faithfulness.tables import deletion_table, randomization_table, summarise
    from novelty_maps.machine.devices import select_device
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.pipeline.parts import load_mean_image
    from novelty_maps.planting.planted import load_planted

    planted = load_planted("test")
    images = np.array(planted.after[: faithfulness.images])
    masks = np.array(planted.mask[: faithfulness.images])
    network, mean = load_autoencoder(images.shape[1:]), load_mean_image()
    batches: dict[str, Any] = {"batch_size": maps.batch_size, "device": select_device(maps.device)}
    maps_of = _maps_of(images, masks, mean, faithfulness.methods, **batches)
    trained = maps_of(network)
    baselines = deletion.baselines(network, images, mean_image=mean, **batches)
    curves = {
        method: deletion.deletion_curves(
            network, images, ordered, baselines, steps=faithfulness.steps, **batches
        )
        for method, ordered in tqdm(trained.items(), unit="map")
    }
    samples = metrics.bootstrap_samples
    deleted = deletion_table(curves, samples=samples, generator=np.random.default_rng([0, 0]))
    cascades = _cascades(network, images, masks, maps_of, trained)
    randomized = randomization_table(
        cascades, samples=samples, generator=np.random.default_rng([0, 1])
    )
    with atomic.written_together():
        formats.write_table(files.FAITHFULNESS, deleted)
        formats.write_table(files.RANDOMIZATION, randomized)
        formats.write_json(files.FAITHFULNESS_METRICS, summarise(deleted, randomized))


def _maps_of(
    images: "NDArray[np.uint8]",
    masks: "NDArray[np.bool_]",
    mean_image: "NDArray[np.float32]",
    methods: list[str],
    **batches: Any,
) -> "Callable[[nn.Module], Maps]":
    """Network to the magnitudes of its maps of the images."""
    import numpy as np

    from novelty_maps.maps.compute import gather_maps

    def maps_of(network: "nn.Module") -> "Maps":
        maps = gather_maps(
            network, images, methods=methods, mean_image=mean_image, masks=masks, **batches
        )
        return {method: np.abs(values) for method, values in maps.items()}

    return maps_of


def _cascades(
    network: "nn.Module",
    images: "NDArray[np.uint8]",
    masks: "NDArray[np.bool_]",
    maps_of: "Callable[[nn.Module], Maps]",
    trained: "Maps",
) -> "dict[str, Cascade]":
    """Maps while the network's layers are randomized; none if it has no layers with parameters."""
    from tqdm import tqdm

    from novelty_maps.faithfulness.randomization import along_cascade, layers_from_output

    if not any(True for _ in network.parameters()):
        return {}
    with tqdm(total=len(layers_from_output(network, images)), unit="layer") as bar:
        return along_cascade(
            network,
            images,
            masks,
            maps_of,
            trained=trained,
            seed=0,
            on_step=lambda layer: bar.update(),
        )


if __name__ == "__main__":
    run(from_sections(main))
