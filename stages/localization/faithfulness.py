"""Stage `localization_faithfulness`: whether maps are true to the network that they come from."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from novelty_maps.params.faithfulness import FaithfulnessParams
from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from novelty_maps.faithfulness.deletion import Curves
    from novelty_maps.faithfulness.randomization import Cascade, Draws, Maps
    from novelty_maps.planting.planted import Planted

    MapsOf = Callable[[nn.Module], Maps]


def main(
    faithfulness: FaithfulnessParams,
    localization: Annotated[LocalizationParams, reads("epoch")],
    metrics: Annotated[MetricsParams, reads("bootstrap_samples")],
    maps: Annotated[MapsParams, reads("batch_size", "device")],
) -> None:
    """Delete and insert pixels in the order of each map, and randomize the network's layers.

    Both are done on the first `faithfulness.images` of the planted test images. On all of them, the
    maps of `faithfulness.draws` networks are looked at that have every layer re-initialised.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    import numpy as np
    import torch

    from novelty_maps.autoencoders.trained import load_epoch
    from novelty_maps.faithfulness import files, tables
    from novelty_maps.machine.devices import select_device
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.pipeline.parts import load_part, mean_image
    from novelty_maps.planting.planted import load_planted
    from novelty_maps.statistics.groups import groups_of
    from novelty_maps.training.batch_norm import calibration_images

    planted = load_planted("test")
    every, first = _first(planted, None), _first(planted, faithfulness.images)
    network = load_epoch(planted.after.shape[1:], localization.epoch)
    training = load_part("train", novel=False)[0].in_order()
    asked: dict[str, Any] = {"mean_image": mean_image(training), "batch_size": maps.batch_size}
    asked["device"] = device = select_device(maps.device)
    maps_of = partial(_magnitudes, methods=faithfulness.methods, **asked)
    of_all, of_first = partial(maps_of, **every), partial(maps_of, **first)
    trained = of_first(network)
    curves = _curves(network, first, trained, steps=faithfulness.steps, **asked)
    fresh = {"images": calibration_images(torch.from_numpy(training), seed=0), "device": device}
    cascades = _cascades(network, first, of_first, trained, **fresh)
    draws = _draws(network, every, of_all, count=faithfulness.draws, **fresh)
    sampled: Any = {"samples": metrics.bootstrap_samples, "groups": groups_of(planted.table)}
    deleted = tables.deletion_table(curves, generator=np.random.default_rng([0, 0]), **sampled)
    cascaded = tables.randomization_table(cascades)
    renewed = tables.reinitialised_table(draws, generator=np.random.default_rng([0, 1]), **sampled)
    with atomic.written_together():
        formats.write_table(files.FAITHFULNESS, deleted)
        formats.write_table(files.RANDOMIZATION, cascaded)
        formats.write_table(files.REINITIALISED, renewed)
        formats.write_json(files.FAITHFULNESS_METRICS, tables.summarise(deleted, cascaded, renewed))


def _first(planted: "Planted", count: int | None) -> dict[str, Any]:
    """The first images after a novelty, or all, with masks and boxes, by their names in maps."""
    boxes = planted.boxes_after
    return {
        "images": planted.after[:count],
        "masks": planted.mask[:count],
        "boxes": None if boxes is None else boxes[:count],
    }


def _magnitudes(network: "nn.Module", images: "NDArray[np.uint8]", **settings: Any) -> "Maps":
    """Magnitudes of a network's maps of the images."""
    import numpy as np

    from novelty_maps.maps.compute import gather_maps

    maps = gather_maps(network, images, **settings)
    return {method: np.abs(values) for method, values in maps.items()}


def _curves(
    network: "nn.Module",
    shown: dict[str, Any],
    maps: "Maps",
    *,
    mean_image: "NDArray[np.float32]",
    steps: int,
    **batches: Any,
) -> "dict[str, dict[str, Curves]]":
    """Curves of deletion and insertion of each map, for each baseline."""
    from tqdm import tqdm

    from novelty_maps.faithfulness.deletion import baselines, deletion_curves

    images, batches = shown["images"], batches | {"boxes": shown["boxes"]}
    replacements = baselines(network, images, mean_image=mean_image, **batches)
    return {
        method: deletion_curves(network, images, ordered, replacements, steps=steps, **batches)
        for method, ordered in tqdm(maps.items(), unit="map")
    }


def _cascades(
    network: "nn.Module",
    shown: dict[str, Any],
    maps_of: "MapsOf",
    trained: "Maps",
    **fresh: Any,
) -> "dict[str, Cascade]":
    """Maps while the network's layers are randomized; none if it has no layers with parameters."""
    from tqdm import tqdm

    from novelty_maps.faithfulness.randomization import along_cascade
    from novelty_maps.faithfulness.reinitialisation import cascade

    if not any(True for _ in network.parameters()):
        return {}
    steps = tqdm(cascade(network, seed=0, **fresh), unit="layer")
    return along_cascade(steps, shown["masks"], maps_of, trained=trained, boxes=shown["boxes"])


def _draws(
    network: "nn.Module",
    shown: dict[str, Any],
    maps_of: "MapsOf",
    *,
    count: int,
    **fresh: Any,
) -> "dict[str, Draws]":
    """Maps of networks with all layers fresh; none if it has no layers with parameters."""
    from tqdm import tqdm

    from novelty_maps.faithfulness.randomization import over_draws
    from novelty_maps.faithfulness.reinitialisation import reinitialised

    if not any(True for _ in network.parameters()):
        return {}
    seeds = tqdm(range(count), unit="network")
    networks = (reinitialised(network, seed=seed, **fresh) for seed in seeds)
    trained = maps_of(network)
    return over_draws(networks, shown["masks"], maps_of, trained=trained, boxes=shown["boxes"])


if __name__ == "__main__":
    run(from_sections(main))
