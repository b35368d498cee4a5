"""Command `score`: how novel new images are, and where.

It is no stage of dvc.yaml: it applies the trained autoencoder to images that are no part of the
data set.
"""

from pathlib import Path
from typing import Annotated

import typer

from stages.lib.cli import DEFAULT_PARAMS, Device, ParamsFile, run


def main(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGES", help="Image files, or folders of them.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("scores"),
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="Map to write, may be given several times: reconstruction_error, saliency (both),"
            " smoothgrad, …; all without a sign but mask in stages/lib/maps.py."
        ),
    ] = None,
    false_positive_rate: Annotated[
        float, typer.Option(help="Share of the pixels of normal images that a mask may mark.")
    ] = 0.01,
    device: Device = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Score new images with the trained autoencoder.

    OUTPUT/scores.csv has each image's novelty score (its reconstruction loss) and p-value among the
    normal validation images. For every map, OUTPUT/NAME.MAP.npy has its values, NAME.MAP.png shows
    it over the image, and NAME.MAP.mask.png is where it exceeds the threshold that gives the
    false-positive rate on normal validation images. Images are resized to the network's size.
    """
    from stages.lib import runtime

    runtime.prepare()

    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from stages.lib import artifacts, maps, novelty
    from stages.lib.devices import select_device
    from stages.lib.errors import InputError
    from stages.lib.images import load_part, mean_image
    from stages.lib.new_images import find_images, read_images
    from stages.lib.overlays import overlay
    from stages.lib.params import load_params
    from stages.lib.trained import load_autoencoder

    settings = load_params(params, maps={"device": device}).maps
    methods = method or ["reconstruction_error", "saliency"]
    maps.require_magnitudes(methods)
    if not 0 < false_positive_rate < 1:
        raise InputError(
            f"--false-positive-rate is {false_positive_rate:g}: give a share between 0 and 1"
        )
    files = find_images(images)
    normal, _ = load_part("validation", novel=False)
    network = load_autoencoder(normal.shape[1:])
    new = read_images(files.values(), network.image_shape)
    computed = [*dict.fromkeys(["reconstruction_error", *methods])]
    mean = (
        mean_image(load_part("train", novel=False)[0]) if maps.needs_mean_image(methods) else None
    )
    torch_device = select_device(settings.device)
    with tqdm(total=len(normal) + len(new), unit="img", mininterval=0.5) as bar:
        of_normal, of_new = (
            maps.gather_maps(
                network,
                pixels,
                methods=computed,
                batch_size=settings.batch_size,
                device=torch_device,
                mean_image=mean,
                on_batch=bar.update,
            )
            for pixels in (normal, new)
        )
    scores, normal_scores = (
        found["reconstruction_error"].mean(axis=(1, 2), dtype=np.float64)
        for found in (of_new, of_normal)
    )
    table = pd.DataFrame(
        {
            "file": [str(file) for file in files.values()],
            "novelty_score": scores,
            "p_value": novelty.p_values(scores, normal_scores),
        }
    )
    with artifacts.written_together():
        for name in methods:
            threshold = novelty.pixel_threshold(
                of_normal[name], false_positive_rate=false_positive_rate
            )
            masks = of_new[name] > threshold
            table[f"{name}_marked"] = masks.mean(axis=(1, 2))
            highest = float(of_normal[name].max())
            for i, stem in enumerate(files):
                target = output / stem
                picture = overlay(new[i], of_new[name][i], masks[i], highest=highest)
                artifacts.write_array(Path(f"{target}.{name}.npy"), of_new[name][i])
                artifacts.write_image(Path(f"{target}.{name}.png"), picture)
                artifacts.write_image(
                    Path(f"{target}.{name}.mask.png"), (255 * masks[i]).astype(np.uint8)
                )
        artifacts.write_table(output / "scores.csv", table)
    print(table.sort_values("p_value").head(20).to_string(index=False))
    print(f"{len(table)} images in {output}/scores.csv")


if __name__ == "__main__":
    run(main)
