"""Stage `plant`: novelties of known place in normal images, for maps to be measured on."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, numbers, run


def main(
    kinds: Annotated[
        str | None, typer.Option(help="Kinds of novelty, separated by commas.")
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(help="Diameters as shares of the image's side, separated by commas."),
    ] = None,
    intensities: Annotated[
        str | None,
        typer.Option(help="Shares of the change that are applied, separated by commas."),
    ] = None,
    validation_images: Annotated[
        int | None, typer.Option(help="Images of the validation part, at most.")
    ] = None,
    test_images: Annotated[
        int | None, typer.Option(help="Images of the test part, at most.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the draws.")] = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Plant novelties into normal validation and test images and keep where they are."""
    import numpy as np
    import pandas as pd

    from stages.lib import artifacts
    from stages.lib.images import load_masks, load_part
    from stages.lib.params import load_params
    from stages.lib.planted import with_ground_truth
    from stages.lib.planting import GROUND_TRUTH, plant, require_foreign, require_kinds

    given = {
        "kinds": None if kinds is None else kinds.split(","),
        "sizes": numbers(sizes),
        "intensities": numbers(intensities),
        "validation_images": validation_images,
        "test_images": test_images,
        "seed": seed,
    }
    settings = load_params(params, plant=given).plant
    require_kinds(settings.kinds)
    to_plant = [kind for kind in settings.kinds if kind != GROUND_TRUTH]
    counts = {"validation": settings.validation_images, "test": settings.test_images}
    generators = np.random.default_rng(settings.seed).spawn(len(counts))
    found = {}
    for (part, count), generator in zip(counts.items(), generators, strict=True):
        images, rows = load_part(part)
        novel = rows["novel"].to_numpy() == 1
        require_foreign(to_plant, int(novel.sum()), part=part)
        found[part] = plant(
            images[~novel],
            rows[~novel],
            images[novel],
            kinds=to_plant,
            sizes=settings.sizes,
            intensities=settings.intensities,
            count=count,
            generator=generator,
        )
        if part == "test" and GROUND_TRUTH in settings.kinds:
            masks, mask_rows = load_masks(rows[novel])
            provenance = artifacts.read_json(
                paths.RAW_PROVENANCE, keys=["classes"], made_by="fetch"
            )
            classes = np.array(provenance["classes"], np.str_)[rows["label"][novel]]
            found[part] = with_ground_truth(
                found[part],
                (images[~novel], rows[~novel]),
                (images[novel], classes),
                masks,
                mask_rows,
                generator=generator,
            )
    with artifacts.written_together():
        for part, planted in found.items():
            artifacts.write_array(paths.planted_path(part, "before.npy"), planted.before)
            artifacts.write_array(paths.planted_path(part, "after.npy"), planted.after)
            artifacts.write_array(paths.planted_path(part, "mask.npy"), planted.mask)
            artifacts.write_table(paths.planted_path(part, "csv"), planted.table)
    kinds_planted = {part: planted.table["kind"].value_counts() for part, planted in found.items()}
    print(pd.DataFrame(kinds_planted).fillna(0).astype(int).to_string())


if __name__ == "__main__":
    run(main)
