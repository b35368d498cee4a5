"""Stage `metrics`: how well reconstruction error and saliency agree, how surely, and why."""

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, BootstrapSamples, MetricsSeed, ParamsFile, TopK, run


def main(
    k: TopK = None,
    bootstrap_samples: BootstrapSamples = None,
    seed: MetricsSeed = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Compute agreement, distance to best match, scaled-map error, and what explains them."""
    import numpy as np

    from stages.lib import artifacts, decomposition, summary
    from stages.lib.agreement import COMPARED_MAPS
    from stages.lib.images import load_maps, load_part
    from stages.lib.params import load_params

    given = {"k": k, "bootstrap_samples": bootstrap_samples, "seed": seed}
    settings = load_params(params, metrics=given).metrics
    images, rows = load_part("test")
    maps = load_maps(COMPARED_MAPS, images)
    table, curves = summary.image_table(maps, rows, k=settings.k)
    samples = settings.bootstrap_samples
    numbers = summary.summarise(
        table,
        k=settings.k,
        image_shape=images.shape[2:],
        samples=samples,
        generator=np.random.default_rng([settings.seed, 0]),
    )
    by_k = summary.by_k(
        curves,
        rows["novel"].to_numpy() == 1,
        samples=samples,
        generator=np.random.default_rng([settings.seed, 1]),
    )
    explanation = decomposition.explain_agreement(
        table, samples=samples, generator=np.random.default_rng([settings.seed, 2])
    )
    by_class = summary.by_class(
        table,
        k=settings.k,
        samples=samples,
        generator=np.random.default_rng([settings.seed, 3]),
    )
    with artifacts.written_together():
        artifacts.write_table(paths.PER_IMAGE, table)
        artifacts.write_table(paths.AGREEMENT_BY_K, by_k)
        artifacts.write_table(paths.BY_CLASS, by_class)
        artifacts.write_json(paths.AGREEMENT_METRICS, numbers)
        artifacts.write_json(paths.EXPLANATION, explanation)


if __name__ == "__main__":
    run(main)
