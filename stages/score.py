"""Command `score`: how novel new images are, and where.

It is no stage of dvc.yaml: it applies the trained autoencoder to images that are no part of the
data set.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novelty_maps.params.maps import MapsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from novelty_maps.localization.scoring import MarkedMap

Images = Annotated[
    list[Path], typer.Argument(metavar="IMAGES", help="Image files, or folders of them.")
]
Output = Annotated[Path, typer.Option(help="Folder for the results.")]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        help="Map to write, may be given several times: reconstruction_error, saliency (both),"
        " smoothgrad, …; all without a sign but mask in novelty_maps/maps/methods.py."
    ),
]
Rate = Annotated[
    float, typer.Option(help="Share of the pixels of normal images that a mask may mark.")
]


def main(
    images: Images,
    maps: Annotated[MapsParams, reads("batch_size", "device")],
    *,
    output: Output = Path("scores"),
    method: Methods = None,
    false_positive_rate: Rate = 0.01,
) -> None:
    """Score new images with the trained autoencoder.

    OUTPUT/scores.csv has each image's novelty score (its reconstruction loss) and p-value among the
    normal validation images. For every map, OUTPUT/NAME.MAP.npy has its values, NAME.MAP.png shows
    it over the image, and NAME.MAP.mask.png is where it exceeds the threshold that gives the
    false-positive rate on normal validation images. Images are resized to the network's size.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    from tqdm import tqdm

    from novelty_maps.autoencoders.trained import load_autoencoder
    from novelty_maps.images import listing, new
    from novelty_maps.localization.scoring import require_scorable, score_images
    from novelty_maps.machine.devices import select_device
    from novelty_maps.maps.methods import needs_mean_image
    from novelty_maps.pipeline.parts import load_mean_image, load_part

    methods = method or ["reconstruction_error", "saliency"]
    require_scorable(methods, false_positive_rate)
    device = select_device(maps.device)
    files = new.find_images(images, output=output)
    normal, _ = load_part("validation", novel=False)
    network = load_autoencoder(normal.shape[1:])
    pixels = new.read_images(files.values(), network.image_shape)
    with tqdm(total=len(normal) + len(pixels), unit="img", mininterval=0.5) as bar:
        table, marked = score_images(
            network,
            pixels,
            normal,
            names=[listing.as_text(file) for file in files.values()],
            methods=methods,
            false_positive_rate=false_positive_rate,
            batch_size=maps.batch_size,
            device=device,
            mean_image=load_mean_image() if needs_mean_image(methods) else None,
            on_batch=bar.update,
        )
    _write(output, list(files), pixels, table, marked)
    print(table.sort_values("p_value").head(20).to_string(index=False))
    print(f"{len(table)} images in {listing.as_text(output / new.SCORES)}")


def _write(
    output: Path,
    names: list[str],
    images: "NDArray[np.uint8]",
    table: "pd.DataFrame",
    marked: "dict[str, MarkedMap]",
) -> None:
    """Write maps, pictures and masks of every image, and the table; all of them or none."""
    import numpy as np

    from novelty_maps.figures.overlay import overlay
    from novelty_maps.images.new import SCORES
    from novelty_maps.pipeline import arrays, atomic, formats

    with atomic.written_together():
        for method, (maps, masks, highest) in marked.items():
            for name, image, map_, mask in zip(names, images, maps, masks, strict=True):
                target = f"{output / name}.{method}"
                arrays.write_array(Path(f"{target}.npy"), map_)
                picture = overlay(image, map_, mask, highest=highest)
                formats.write_image(Path(f"{target}.png"), picture)
                formats.write_image(Path(f"{target}.mask.png"), (255 * mask).astype(np.uint8))
        formats.write_table(output / SCORES, table)


if __name__ == "__main__":
    run(from_sections(main))
