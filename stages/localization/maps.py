"""Stage `localization_maps`: the maps of the planted images, and of normal ones."""

from typing import TYPE_CHECKING, Annotated

from novelty_maps.params.detectors import DetectorsParams
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

    from novelty_maps.pipeline.boxes import Boxes
    from novelty_maps.pipeline.rows import Images

    # Images, where they are novel, their boxes, and the file of each map of them.
    Wanted: TypeAlias = tuple[Images, NDArray[np.bool_] | None, Boxes | None, dict[str, Path]]


def main(
    localization: Annotated[LocalizationParams, reads("epoch", "methods")],
    maps: Annotated[MapsParams, reads("batch_size", "device")],
    detectors: DetectorsParams,
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
    from novelty_maps.maps.fitted import load_needed
    from novelty_maps.maps.names import require_methods
    from novelty_maps.maps.stream import stream_maps
    from novelty_maps.pipeline import atomic

    require_methods(localization.methods, key="localization.methods")
    wanted = [*_of_planted(localization.methods), _of_normal()]
    network = load_epoch(wanted[0][0].shape[1:], localization.epoch)
    device = select_device(maps.device)
    needed = load_needed(localization.methods, detectors, device=device)
    count = sum(len(pixels) for pixels, *_ in wanted)
    with atomic.written_together(), tqdm(total=count, unit="img", mininterval=0.5) as bar:
        for pixels, masks, boxes, targets in wanted:
            stream_maps(
                network,
                pixels,
                targets,
                batch_size=maps.batch_size,
                device=device,
                masks=masks,
                boxes=boxes,
                on_batch=bar.update,
                **needed,
            )
    atomic.remove_others(
        PLANTED_MAPS, [path for *_, targets in wanted for path in targets.values()]
    )


def _of_planted(methods: list[str]) -> "Iterator[Wanted]":
    """All maps of the test images before and after, and of the validation images after."""
    import numpy as np

    from novelty_maps.localization.files import planted_map_path
    from novelty_maps.planting.planted import load_planted

    for part, moments in (("validation", ["after"]), ("test", ["before", "after"])):
        planted = load_planted(part)
        for moment in moments:
            novel = planted.mask if moment == "after" else np.zeros_like(planted.mask)
            paths = {method: planted_map_path(part, moment, method) for method in methods}
            boxes = planted.boxes and getattr(planted.boxes, moment)
            yield getattr(planted, moment), novel, boxes, paths


def _of_normal() -> "Wanted":
    """The headline's maps of all normal validation images."""
    from novelty_maps.localization.files import normal_map_path
    from novelty_maps.maps.names import HEADLINE_MAPS
    from novelty_maps.pipeline.parts import load_boxes, load_part

    images, rows = load_part("validation", novel=False)
    boxes = load_boxes(rows)
    return images, None, boxes, {method: normal_map_path(method) for method in HEADLINE_MAPS}


if __name__ == "__main__":
    run(from_sections(main))
