"""Stage `localize`: how well each map finds the planted novelties."""

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, BootstrapSamples, ParamsFile, TopK, run


def main(
    k: TopK = None,
    bootstrap_samples: BootstrapSamples = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Measure every map of `localize.methods` against the masks of what was planted.

    Each map has the blur that is best on validation images, and a threshold that marks a given
    share of the pixels of normal validation images. All results are on test images.
    """
    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from stages.lib import artifacts, localization_summary
    from stages.lib.localization_table import best_blur, find, localization_table
    from stages.lib.maps import CONTROLS
    from stages.lib.params import load_params
    from stages.lib.planted import load_planted, load_planted_maps

    given = {"k": k, "bootstrap_samples": bootstrap_samples}
    loaded = load_params(params, metrics=given)
    settings, metrics = loaded.localize, loaded.metrics
    planted = {part: load_planted(part) for part in ("validation", "test")}
    maps = {part: load_planted_maps(part, settings.methods, planted[part]) for part in planted}
    validation, test = planted["validation"], planted["test"]
    found, thresholds = {}, {}
    for method in tqdm(settings.methods, unit="map"):
        validated, tested = (maps[part][method] for part in ("validation", "test"))
        sigma = best_blur(validated.after, validation.mask, settings.blurs)
        found[method] = find(tested.before, tested.after, test.mask, sigma=sigma)
        thresholds[method] = localization_summary.threshold_rates(
            found[method],
            validated.before,
            test.mask,
            false_positive_rate=settings.false_positive_rate,
        )
    table = localization_table(
        found,
        test.mask,
        test.table,
        controls=CONTROLS,
        samples=metrics.bootstrap_samples,
        generator=np.random.default_rng([settings.seed, 0]),
    )
    images = localization_summary.image_table(
        test.table,
        found,
        error=maps["test"]["reconstruction_error"].after,
        saliency=maps["test"]["saliency"].after,
        k=metrics.k,
    )
    numbers = localization_summary.summarise(table, images, thresholds)
    per_image = pd.concat(
        [
            test.table[["row", "kind", "size", "intensity"]]
            .assign(method=method)
            .join(result.images)
            for method, result in found.items()
        ]
    )
    with artifacts.written_together():
        artifacts.write_table(paths.LOCALIZED_IMAGES, per_image)
        artifacts.write_table(paths.LOCALIZATION, table)
        artifacts.write_json(paths.LOCALIZATION_METRICS, numbers)


if __name__ == "__main__":
    run(main)
