"""Stage `maps`: the reconstruction and the maps of every test image, as .npy files."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, Device, ParamsFile, run


def main(
    methods: Annotated[
        str | None,
        typer.Option(
            help="Maps, separated by commas: reconstruction_error, saliency, smoothgrad,"
            " occlusion, …; all but mask in MAP_METHODS of stages/lib/maps.py."
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images at a time; changes no result.")
    ] = None,
    device: Device = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Compute the maps of the test images, normal and novel, with the trained autoencoder."""
    from stages.lib import runtime

    runtime.prepare()

    import numpy as np
    from tqdm import tqdm

    from stages.lib import artifacts
    from stages.lib.devices import select_device
    from stages.lib.images import load_part, mean_image
    from stages.lib.maps import compute_maps, needs_mean_image, require_methods
    from stages.lib.params import load_params
    from stages.lib.trained import load_autoencoder

    given = {
        "methods": methods.split(",") if methods else None,
        "batch_size": batch_size,
        "device": device,
    }
    settings = load_params(params, maps=given).maps
    require_methods(settings.methods, key="maps.methods")
    images, _ = load_part("test")
    network = load_autoencoder(images.shape[1:])
    batches = compute_maps(
        network,
        images,
        methods=settings.methods,
        batch_size=settings.batch_size,
        device=select_device(settings.device),
        mean_image=(
            mean_image(load_part("train", novel=False)[0])
            if needs_mean_image(settings.methods)
            else None
        ),
    )
    targets = {method: paths.map_path(method) for method in settings.methods}
    reconstruction = paths.map_path("reconstruction")
    with (
        artifacts.written_together(),
        artifacts.stream_arrays(targets, (len(images), *images.shape[2:]), np.float32) as streams,
        artifacts.stream_array(reconstruction, images.shape, np.float32) as reconstructions,
        tqdm(total=len(images), unit="img", mininterval=0.5) as bar,
    ):
        for batch in batches:
            reconstructions.append(batch["reconstruction"])
            for method, stream in streams.items():
                stream.append(batch[method])
            bar.update(len(batch["reconstruction"]))
    artifacts.remove_others(paths.MAPS, [reconstruction, *targets.values()])


if __name__ == "__main__":
    run(main)
