"""Command `score`: how novel new images are, and where.

It is no stage of dvc.yaml: it applies the trained autoencoder to images that are no part of the
data set.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import DetectorsParams
from novelty_maps.params.maps import MapsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from novelty_maps.images.fit import Fit
    from novelty_maps.localization.scoring import MarkedMap

Images = Annotated[
    list[Path], typer.Argument(metavar="IMAGES", help="Image files, or folders of them.")
]
Output = Annotated[Path, typer.Option(help="Folder for the results.")]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        help="Map to write, may be given several times: reconstruction_error, saliency, smoothgrad,"
        " …; all without a sign but mask in novelty_maps/maps/methods.py. The first one gives the"
        " novelty score. By default the map of the loss that was trained, and saliency."
    ),
]
Rate = Annotated[
    float, typer.Option(help="Share of the pixels of normal images that a mask may mark.")
]


def main(
    images: Images,
    data: Annotated[DataParams, reads("fit")],
    maps: Annotated[MapsParams, reads("batch_size", "device")],
    detectors: DetectorsParams,
    *,
    output: Output = Path("scores"),
    method: Methods = None,
    false_positive_rate: Rate = 0.01,
) -> None:
    """Score new images with the trained autoencoder, or with a detector fitted beside it.

    OUTPUT/scores.csv has each image's novelty score and p-value among the normal validation images.
    The score is the mean of the first map, by default the loss that was trained; of patchcore and
    padim it is the maximum. For every map, OUTPUT/NAME.MAP.npy has its values,
    NAME.MAP.png shows it over the image, and NAME.MAP.mask.png is where it exceeds the threshold
    that gives the false-positive rate on normal validation images. Images are brought to the
    network's size as those of the data set, by data.fit.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    from tqdm import tqdm

    from novelty_maps.autoencoders.trained import load_autoencoder
    from novelty_maps.images import listing, new
    from novelty_maps.localization.scoring import default_methods, require_scorable, score_images
    from novelty_maps.machine.devices import select_device
    from novelty_maps.maps.fitted import load_needed
    from novelty_maps.pipeline.parts import load_boxes, load_part

    require_scorable(method or [], false_positive_rate)
    batches: dict[str, Any] = {"batch_size": maps.batch_size, "device": select_device(maps.device)}
    files = new.find_images(images, output=output)
    normal, rows = load_part("validation", novel=False)
    network = load_autoencoder(normal.shape[1:])
    methods = method or default_methods(network)
    pixels, boxes = new.read_images(files.values(), network.image_shape, data.fit)
    with tqdm(total=len(normal) + len(pixels), unit="img", mininterval=0.5) as bar:
        table, marked = score_images(
            network,
            pixels,
            normal,
            names=[listing.as_text(file) for file in files.values()],
            methods=methods,
            false_positive_rate=false_positive_rate,
            boxes=(boxes, load_boxes(rows)),
            on_batch=bar.update,
            **batches,
            **load_needed(methods, detectors, device=batches["device"]),
        )
    _write(output, list(files), pixels, table, marked, fit=data.fit)


def _write(
    output: Path,
    names: list[str],
    images: "NDArray[np.uint8]",
    table: "pd.DataFrame",
    marked: "dict[str, MarkedMap]",
    *,
    fit: "Fit",
) -> None:
    """Write the results, and say what a trivial control finds better."""
    from novelty_maps.localization.controls import beaten_by_control
    from novelty_maps.localization.files import HEADLINE, LOCALIZATION, read_localization

    write_scores(output, names, images, table, marked, fit=fit)
    if HEADLINE.exists() and LOCALIZATION.exists():  # git has the table where nothing has run
        beaten = beaten_by_control(read_localization(), list(marked))
        if beaten:
            print(f"note: {beaten} ({LOCALIZATION})", file=sys.stderr)


def write_scores(
    output: Path,
    names: list[str],
    images: "NDArray[np.uint8]",
    table: "pd.DataFrame",
    marked: "dict[str, MarkedMap]",
    *,
    fit: "Fit",
) -> None:
    """Write maps, pictures and masks of every image, and the table; all of them or none.

    The table says as well what an image's files are named after, and how the image was fitted.
    Print the most novel images, and where the table is.
    """
    import numpy as np

    from novelty_maps.figures.overlay import overlay
    from novelty_maps.images import listing, new
    from novelty_maps.pipeline import arrays, atomic, formats

    with atomic.written_together():
        for method, (maps, masks, highest) in marked.items():
            for name, image, map_, mask in zip(names, images, maps, masks, strict=True):
                target = f"{output / name}.{method}"
                arrays.write_array(Path(f"{target}.npy"), map_)
                picture = overlay(image, map_, mask, highest=highest)
                formats.write_image(Path(f"{target}.png"), picture)
                formats.write_image(Path(f"{target}.mask.png"), (255 * mask).astype(np.uint8))
        known = {"name": [listing.as_text(name) for name in names], "fit": fit}
        formats.write_table(output / new.SCORES, table.assign(**known))
    print(table.sort_values("p_value").head(20).to_string(index=False))
    print(f"{len(table)} images in {listing.as_text(output / new.SCORES)}")


if __name__ == "__main__":
    run(from_sections(main))
