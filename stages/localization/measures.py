"""Stage `localization_measures`: how well each map finds the planted novelties."""

from typing import TYPE_CHECKING, Annotated

from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from novelty_maps.localization.found import Found
    from novelty_maps.planting.planted import Planted


def main(
    localization: LocalizationParams,
    metrics: Annotated[MetricsParams, reads("bootstrap_samples")],
) -> None:
    """Measure every map of `localization.methods` against the masks of what was planted.

    Each map has the blur that is best on validation images, and a threshold that marks a given
    share of the pixels of all normal validation images. All results are on test images.
    """
    import numpy as np
    from tqdm import tqdm

    from novelty_maps.localization import files, tables
    from novelty_maps.localization.summary import summarise, threshold_rates
    from novelty_maps.maps.names import CONTROLS, HEADLINE_MAPS
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.pipeline.parts import load_boxes, load_rows
    from novelty_maps.planting.planted import load_planted

    validation, test = (load_planted(part) for part in ("validation", "test"))
    normal = {method: files.load_normal_map(method, validation) for method in HEADLINE_MAPS}
    for method in localization.methods:  # they are mapped into memory: a look, before the bar
        files.require_planted_map(method, validation, test)
    found = {
        method: _found(method, validation, test, blurs=localization.blurs)
        for method in tqdm(localization.methods, unit="map")
    }
    table = tables.localization_table(
        found,
        test.mask,
        test.table,
        controls=CONTROLS,
        samples=metrics.bootstrap_samples,
        generator=np.random.default_rng([0, 0]),
    )
    rate, boxes = localization.false_positive_rate, load_boxes(load_rows("validation", novel=False))
    thresholds = {
        method: threshold_rates(
            found[method], maps, test.mask, false_positive_rate=rate, boxes=boxes
        )
        for method, maps in normal.items()
    }
    with atomic.written_together():
        formats.write_table(files.LOCALIZED_IMAGES, tables.per_image(found, test.table))
        formats.write_table(files.LOCALIZATION, table)
        formats.write_json(files.HEADLINE, summarise(table, len(test.table), thresholds))
        files.write_compared({method: found[method].images for method in files.COMPARED})


def _found(
    method: str, validation: "Planted", test: "Planted", *, blurs: "Sequence[float]"
) -> "Found":
    """What a map shows of the test images, at the blur that is best on validation images."""
    import numpy as np

    from novelty_maps.localization.files import load_planted_map, load_planted_maps
    from novelty_maps.localization.found import best_blur, find

    validated = np.abs(load_planted_map("validation", "after", method, validation))
    sigma = best_blur(validated, validation.mask, blurs, validation.boxes_after)
    maps = load_planted_maps("test", [method], test)[method]
    return find(*maps, test.mask, sigma=sigma, boxes=test.boxes)


if __name__ == "__main__":
    run(from_sections(main))
