"""Stage `planted_maps`: the maps of the planted images and of the normal ones before."""

from pathlib import Path

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, Device, ParamsFile, run


def main(device: Device = None, params: ParamsFile = DEFAULT_PARAMS) -> None:
    """Compute the maps of `localize.methods` on the images with a novelty of known place.

    The same maps of the images before it are the normal ones, on which thresholds are set and false
    positives counted.
    """
    from stages.lib import runtime

    runtime.prepare()

    import numpy as np
    from tqdm import tqdm

    from stages.lib import artifacts
    from stages.lib.devices import select_device
    from stages.lib.images import load_part, mean_image
    from stages.lib.maps import compute_maps, require_methods
    from stages.lib.params import load_params
    from stages.lib.planted import load_planted
    from stages.lib.trained import load_autoencoder

    settings = load_params(params, maps={"device": device})
    methods = settings.localize.methods
    require_methods(methods, key="localize.methods")
    planted = {part: load_planted(part) for part in ("validation", "test")}
    network = load_autoencoder(planted["test"].after.shape[1:])
    mean = mean_image(load_part("train", novel=False)[0])
    written: list[Path] = []
    with (
        artifacts.written_together(),
        tqdm(
            total=2 * sum(len(images.after) for images in planted.values()),
            unit="img",
            mininterval=0.5,
        ) as bar,
    ):
        for part, images in planted.items():
            shape = images.mask.shape
            for moment, pixels, masks in (
                ("before", images.before, np.zeros(shape, np.bool_)),
                ("after", images.after, np.array(images.mask)),
            ):
                targets = {
                    method: paths.planted_map_path(part, moment, method) for method in methods
                }
                batches = compute_maps(
                    network,
                    pixels,
                    methods=methods,
                    batch_size=settings.maps.batch_size,
                    device=select_device(settings.maps.device),
                    mean_image=mean,
                    masks=masks,
                    seed=settings.localize.seed,
                )
                with artifacts.stream_arrays(targets, shape, np.float32) as streams:
                    for batch in batches:
                        for method in methods:
                            streams[method].append(batch[method])
                        bar.update(len(batch[methods[0]]))
                written += targets.values()
    artifacts.remove_others(paths.PLANTED_MAPS, written)


if __name__ == "__main__":
    run(main)
