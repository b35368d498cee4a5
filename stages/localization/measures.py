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
    rate, boxes = localization.false_positive_rate, load_boxes(load_rows("validation", novel=False))
    measured: dict[str, tables.Measured] = {}
    thresholds: dict[str, dict[str, float]] = {}
    for method in tqdm(localization.methods, unit="map"):
        found = _found(method, validation, test, blurs=localization.blurs)
        measured[method] = tables.measure_map(found, test.mask, test.table)
        if method in normal:
            thresholds[method] = threshold_rates(
                found, normal[method], test.mask, false_positive_rate=rate, boxes=boxes
            )
        del found  # one map at a time is in memory
    table = tables.localization_table(
        measured,
        test.table,
        controls=CONTROLS,
        samples=metrics.bootstrap_samples,
        generator=np.random.default_rng([0, 0]),
    )
    with atomic.written_together():
        formats.write_table(files.LOCALIZED_IMAGES, tables.per_image(measured, test.table))
        formats.write_table(files.LOCALIZATION, table)
        formats.write_json(files.HEADLINE, summarise(table, len(test.table), thresholds))
        files.write_compared({method: measured[method].images for method in files.COMPARED})


def _found(
    method: str, validation: "Planted", test: "Planted", *, blurs: "Sequence[float]"
) -> "Found":
    """What a map shows of the test images, at the blur that is best on validation images."""
    import numpy as np

    from novelty_maps.localization.files import load_planted_map
    from novelty_maps.localization.found import best_blur, find

    sigma = best_blur(
        np.abs(load_planted_map("validation", "after", method, validation)),
        validation.mask,
        blurs,
        validation.boxes_after,
    )
    before, after = (
        load_planted_map("test", moment, method, test) for moment in ("before", "after")
    )
    return find(before, after, test.mask, sigma=sigma, boxes=test.boxes)


if __name__ == "__main__":
    run(from_sections(main))
