"""Stage `maps`: the reconstruction and the maps of every test image, as .npy files."""

from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections


def main(maps: MapsParams, detectors: DetectorsParams) -> None:
    """Compute the maps of the test images, normal and novel, with the trained autoencoder."""
    from novelty_maps.machine import runtime

    runtime.prepare()

    from tqdm import tqdm

    from novelty_maps.autoencoders.trained import load_autoencoder
    from novelty_maps.machine.devices import select_device
    from novelty_maps.maps.files import MAPS, RECONSTRUCTION, map_path
    from novelty_maps.maps.fitted import load_needed
    from novelty_maps.maps.names import require_methods
    from novelty_maps.maps.stream import stream_maps
    from novelty_maps.pipeline import atomic
    from novelty_maps.pipeline.parts import load_boxes, load_part

    require_methods(maps.methods, key="maps.methods")
    images, rows = load_part("test")
    network = load_autoencoder(images.shape[1:])
    device = select_device(maps.device)
    needed = load_needed(maps.methods, detectors, device=device)
    targets = {name: map_path(name) for name in (RECONSTRUCTION, *maps.methods)}
    with atomic.written_together(), tqdm(total=len(images), unit="img", mininterval=0.5) as bar:
        stream_maps(
            network,
            images,
            targets,
            batch_size=maps.batch_size,
            device=device,
            boxes=load_boxes(rows),
            on_batch=bar.update,
            **needed,
        )
    atomic.remove_others(MAPS, targets.values())


if __name__ == "__main__":
    run(from_sections(main))
