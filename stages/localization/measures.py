"""Stage `localization_measures`: how well each map finds the planted novelties."""

from typing import Annotated

from novelty_maps.params.localization import LocalizationParams
from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


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
    from novelty_maps.planting.planted import load_planted

    validation, test = (load_planted(part) for part in ("validation", "test"))
    tested = files.load_planted_maps("test", localization.methods, test)
    normal = {method: files.load_normal_map(method, validation) for method in HEADLINE_MAPS}
    found = {}
    for method in tqdm(localization.methods, unit="map"):
        validated = np.abs(files.load_planted_map("validation", "after", method, validation))
        sigma = tables.best_blur(validated, validation.mask, localization.blurs)
        found[method] = tables.find(*tested[method], test.mask, sigma=sigma)
    table = tables.localization_table(
        found,
        test.mask,
        test.table,
        controls=CONTROLS,
        samples=metrics.bootstrap_samples,
        generator=np.random.default_rng([0, 0]),
    )
    thresholds = {
        method: threshold_rates(
            found[method], maps, test.mask, false_positive_rate=localization.false_positive_rate
        )
        for method, maps in normal.items()
    }
    with atomic.written_together():
        formats.write_table(files.LOCALIZED_IMAGES, tables.per_image(found, test.table))
        formats.write_table(files.LOCALIZATION, table)
        formats.write_json(files.HEADLINE, summarise(table, len(test.table), thresholds))
        files.write_compared({method: found[method].images for method in files.COMPARED})


if __name__ == "__main__":
    run(from_sections(main))
