"""Stage `maps`: the reconstruction and the maps of every test image, as .npy files."""

from contextlib import ExitStack
from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, Device, ParamsFile, run


def main(
    methods: Annotated[
        str | None,
        typer.Option(
            help="Maps, separated by commas: reconstruction_error, saliency, direct_term,"
            " indirect_term."
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

    from stages.lib import artifacts, networks
    from stages.lib.devices import select_device
    from stages.lib.images import load_part
    from stages.lib.maps import compute_maps
    from stages.lib.params import load_params

    given = {
        "methods": methods.split(",") if methods else None,
        "batch_size": batch_size,
        "device": device,
    }
    settings = load_params(params, maps=given).maps
    images, _ = load_part("test")
    weights = artifacts.read_torch(
        paths.AUTOENCODER, remedy="train again with `python -m stages.train`"
    )
    network = networks.autoencoder_of(weights, source=str(paths.AUTOENCODER))
    networks.require_images(network, images.shape[1:], source=str(paths.AUTOENCODER))
    batches = compute_maps(
        network,
        images,
        methods=settings.methods,
        batch_size=settings.batch_size,
        device=select_device(settings.device),
    )
    with (
        artifacts.written_together(),
        ExitStack() as files,
        tqdm(total=len(images), unit="img", mininterval=0.5) as bar,
    ):
        stream = artifacts.stream_array
        streams: dict[str, artifacts.ArrayStream] = {
            method: files.enter_context(
                stream(paths.map_path(method), (len(images), *images.shape[2:]), np.float32)
            )
            for method in settings.methods
        }
        streams["reconstruction"] = files.enter_context(
            stream(paths.map_path("reconstruction"), images.shape, np.float32)
        )
        for batch in batches:
            for name, values in batch.items():
                streams[name].append(values)
            bar.update(len(batch["reconstruction"]))
    artifacts.remove_others(paths.MAPS, [paths.map_path(name) for name in streams])


if __name__ == "__main__":
    run(main)
