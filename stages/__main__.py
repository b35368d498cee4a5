"""The program `novelty-maps`: what can be done without a pipeline, its params.yaml and DVC.

A command is a function and a line in `main`. Heavy imports stand inside it.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from novelty_maps.params.data import DataParams
from novelty_maps.params.detectors import LITE, DetectorsParams
from novelty_maps.pipeline.cli import run_program
from novelty_maps.pipeline.section import validated
from stages.score import Images, Output, Rate, write_scores

Normal = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of normal photos.")]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        help="Map to write, may be given several times; the first one gives the novelty score."
        " patchcore (the default), padim or a control such as distance_to_mean; with --model its"
        " own maps as well, and by default that of its loss and saliency."
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="Weights of an autoencoder as the pipeline trains it, data/model/autoencoder.pt. No"
        " normal photo should be one that it was trained on.",
    ),
]
Fit = Annotated[
    Literal["stretch", "pad", "crop"],
    typer.Option(help=DataParams.model_fields["fit"].description),
]
ImageSize = Annotated[
    int,
    typer.Option(help="Side in pixels that photos are brought to for patchcore and padim."),
]
Network = Annotated[str, typer.Option(help=DetectorsParams.model_fields["network"].description)]
Weights = Annotated[
    str | None,
    typer.Option(help="State dict of that network trained on ImageNet; the installed without."),
]


def score(
    images: Images,
    normal: Normal,
    *,
    output: Output = Path("scores"),
    method: Methods = None,
    false_positive_rate: Rate = 0.01,
    model: Model = None,
    fit: Fit = "stretch",
    image_size: ImageSize = 224,
    network: Network = LITE,
    weights: Weights = None,
) -> None:
    """Score photos among normal ones: how novel each of them is, and where.

    A fifth of the normal photos, drawn at random, is kept for thresholds and p-values; a detector
    is fitted on the others. With --model alone nothing is fitted, and all are kept.
    OUTPUT/scores.csv has each photo's novelty score and p-value among those kept. For every map,
    OUTPUT/NAME.MAP.npy has its values, NAME.MAP.png shows it over the photo, and NAME.MAP.mask.png
    is where it exceeds the threshold that gives the false-positive rate on the normal photos kept.
    In the folder of a pipeline, python -m stages.score takes its network, split and settings.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    from tqdm import tqdm

    from novelty_maps.autoencoders.trained import load_autoencoder
    from novelty_maps.images.new import find_images, find_normal
    from novelty_maps.localization.photos import score_photos
    from novelty_maps.machine.devices import select_device

    detectors = validated(
        DetectorsParams, {"network": network, "weights": weights, "image_size": image_size}
    )
    photos, others = find_images(images, output=output), find_normal(normal, output=output)
    remedy = "name a file of weights that the pipeline has trained"
    autoencoder = None if model is None else load_autoencoder(None, model, remedy=remedy)
    with tqdm(unit="img", mininterval=0.5) as bar:
        found = score_photos(
            list(photos.values()),
            others,
            detectors,
            network=autoencoder,
            methods=method or [],
            fit=fit,
            false_positive_rate=false_positive_rate,
            device=select_device("auto"),
            on_batch=bar.update,
        )
    write_scores(output, list(photos), found.images, found.table, found.marked, fit=fit)
    print(f"of {found.kept} normal photos: p-values from {1 / (1 + found.kept):.2g}")


def page(
    scores: Annotated[Path, typer.Argument(help="Folder that score has written.")] = Path("scores"),
    *,
    output: Annotated[
        Path | None, typer.Option(help="The file; page.html in that folder by default.")
    ] = None,
) -> None:
    """Show scored photos on a page that opens without a network.

    It has every photo with its score, its p-value and its maps, sorted, chosen and searched. Run it
    where score was run, so that the photos are found.
    """
    from novelty_maps.images.results import read_results
    from novelty_maps.page.render import page_html
    from novelty_maps.page.scored import scored_page
    from novelty_maps.pipeline import formats

    found = read_results(scores)
    file = output or scores / "page.html"
    formats.write_text(file, page_html(scored_page(found.table, found.photos, found.overlays)))
    print(f"In a browser: {file.absolute()}")


def main() -> None:
    """Run the program."""
    run_program("novelty-maps", "Novelty maps without a pipeline.", score=score, page=page)


if __name__ == "__main__":
    main()
