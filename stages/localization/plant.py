"""Stage `localization_plant`: novelties of known place, to measure maps on, in normal images."""

from typing import TYPE_CHECKING

from novelty_maps.params.plant import PlantParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections

if TYPE_CHECKING:
    import numpy as np

    from novelty_maps.planting.planted import Planted


def main(plant: PlantParams) -> None:
    """Plant novelties into normal validation and test images and keep where they are."""
    import numpy as np
    import pandas as pd

    from novelty_maps.pipeline import atomic
    from novelty_maps.planting.plant import require_kinds
    from novelty_maps.planting.planted import write_planted

    require_kinds(plant.kinds)
    counts = {"validation": plant.validation_images, "test": plant.test_images}
    generators = np.random.default_rng(plant.seed).spawn(len(counts))
    planted = {
        part: _planted(part, count, plant, generator)
        for (part, count), generator in zip(counts.items(), generators, strict=True)
    }
    with atomic.written_together():
        for part, images in planted.items():
            write_planted(part, images)
    kinds = {part: images.table["kind"].value_counts() for part, images in planted.items()}
    print(pd.DataFrame(kinds).fillna(0).astype(int).to_string())


def _planted(
    part: str, count: int, plant: PlantParams, generator: "np.random.Generator"
) -> "Planted":
    """Normal images of a part with novelties; in the test part the data set's own follow."""
    import numpy as np

    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.parts import load_boxes, load_masks, load_part
    from novelty_maps.pipeline.paths import RAW_PROVENANCE
    from novelty_maps.planting.ground_truth import GROUND_TRUTH, with_ground_truth
    from novelty_maps.planting.plant import plant_novelties, require_foreign

    kinds = [kind for kind in plant.kinds if kind != GROUND_TRUTH]
    images, rows = load_part(part)
    novel = rows["novel"].to_numpy() == 1
    require_foreign(kinds, int(novel.sum()), part=part)
    boxes = None if (every := load_boxes(rows)) is None else (every[~novel], every[novel])
    planted = plant_novelties(
        images.only(~novel),
        rows[~novel],
        images.only(novel),
        kinds=kinds,
        sizes=plant.sizes,
        intensities=plant.intensities,
        count=count,
        generator=generator,
        boxes=boxes,
    )
    if part != "test" or GROUND_TRUTH not in plant.kinds:
        return planted
    masks, mask_rows = load_masks(rows[novel])
    provenance = formats.read_json(RAW_PROVENANCE, keys=["classes"], made_by="fetch")
    classes = np.array(provenance["classes"], np.str_)[rows["label"][novel]]
    return with_ground_truth(
        planted,
        (images.only(~novel), rows[~novel]),
        (images.only(novel), classes),
        masks,
        mask_rows,
        generator=generator,
        groups=rows[novel].get("group"),
        boxes=boxes,
    )


if __name__ == "__main__":
    run(from_sections(main))
