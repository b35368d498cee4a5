"""Stage `localization_maps`: the maps of the planted images and of the normal ones before."""

from pathlib import Path
from typing import Annotated

from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(
    localization: Annotated[LocalizationParams, reads("methods")],
    maps: Annotated[MapsParams, reads("batch_size", "device")],
) -> None:
    """Compute the maps of `localization.methods` on the images with a novelty of known place.

    The same maps of the images before it are the normal ones, on which thresholds are set and false
    positives counted.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    import numpy as np
    from tqdm import tqdm

    from novelty_maps.autoencoders.trained import load_autoencoder
    from novelty_maps.localization.files import PLANTED_MAPS, planted_map_path
    from novelty_maps.machine.devices import select_device
    from novelty_maps.maps.methods import require_methods
    from novelty_maps.maps.stream import stream_maps
    from novelty_maps.pipeline import atomic
    from novelty_maps.pipeline.parts import load_mean_image
    from novelty_maps.planting.planted import load_planted

    require_methods(localization.methods, key="localization.methods")
    planted = {part: load_planted(part) for part in ("validation", "test")}
    network = load_autoencoder(planted["test"].after.shape[1:])
    mean, device = load_mean_image(), select_device(maps.device)
    count = 2 * sum(len(images.after) for images in planted.values())
    written: list[Path] = []
    with atomic.written_together(), tqdm(total=count, unit="img", mininterval=0.5) as bar:
        for part, images in planted.items():
            masks = {"before": np.zeros(images.mask.shape, np.bool_), "after": images.mask}
            for moment, novel in masks.items():
                targets = {m: planted_map_path(part, moment, m) for m in localization.methods}
                stream_maps(
                    network,
                    getattr(images, moment),
                    targets,
                    batch_size=maps.batch_size,
                    device=device,
                    mean_image=mean,
                    masks=novel,
                    on_batch=bar.update,
                )
                written += targets.values()
    atomic.remove_others(PLANTED_MAPS, written)


if __name__ == "__main__":
    run(from_sections(main))
