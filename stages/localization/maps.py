"""Stage `localization_maps`: the maps of the planted images, and of normal ones."""

from typing import TYPE_CHECKING, Annotated

from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    # Images, where they are novel, and the file of each map of them.
    Wanted: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.bool_] | None, dict[str, Path]]


def main(
    localization: Annotated[LocalizationParams, reads("epoch", "methods")],
    maps: Annotated[MapsParams, reads("batch_size", "device")],
) -> None:
    """Compute the maps of `localization.methods` on the images with a novelty of known place.

    The same maps of the images before it are the normal ones, on which false positives are counted.
    Thresholds are set on r, |e| and s of all normal validation images.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    from tqdm import tqdm

    from novelty_maps.autoencoders.trained import load_epoch
    from novelty_maps.localization.files import PLANTED_MAPS
    from novelty_maps.machine.devices import select_device
    from novelty_maps.maps.names import require_methods
    from novelty_maps.maps.stream import stream_maps
    from novelty_maps.pipeline import atomic
    from novelty_maps.pipeline.parts import load_mean_image

    require_methods(localization.methods, key="localization.methods")
    wanted = [*_of_planted(localization.methods), _of_normal()]
    network = load_epoch(wanted[0][0].shape[1:], localization.epoch)
    mean, device = load_mean_image(), select_device(maps.device)
    count = sum(len(pixels) for pixels, *_ in wanted)
    with atomic.written_together(), tqdm(total=count, unit="img", mininterval=0.5) as bar:
        for pixels, masks, targets in wanted:
            stream_maps(
                network,
                pixels,
                targets,
                batch_size=maps.batch_size,
                device=device,
                mean_image=mean,
                masks=masks,
                on_batch=bar.update,
            )
    atomic.remove_others(
        PLANTED_MAPS, [path for *_, targets in wanted for path in targets.values()]
    )


def _of_planted(methods: list[str]) -> "Iterator[Wanted]":
    """All maps of the images of both parts, before and after."""
    import numpy as np

    from novelty_maps.localization.files import planted_map_path
    from novelty_maps.planting.planted import load_planted

    for part in ("validation", "test"):
        planted = load_planted(part)
        masks = {"before": np.zeros(planted.mask.shape, np.bool_), "after": planted.mask}
        for moment, novel in masks.items():
            paths = {method: planted_map_path(part, moment, method) for method in methods}
            yield getattr(planted, moment), novel, paths


def _of_normal() -> "Wanted":
    """The headline's maps of all normal validation images."""
    from novelty_maps.localization.files import normal_map_path
    from novelty_maps.maps.names import HEADLINE_MAPS
    from novelty_maps.pipeline.parts import load_part

    images, _ = load_part("validation", novel=False)
    return images, None, {method: normal_map_path(method) for method in HEADLINE_MAPS}


if __name__ == "__main__":
    run(from_sections(main))
