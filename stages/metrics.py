"""Stage `metrics`: how well reconstruction error and saliency agree, how surely, and why."""

from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections


def main(metrics: MetricsParams) -> None:
    """Compute agreement, distance to best match, scaled-map error, and what explains them."""
    import numpy as np

    from novelty_maps.agreement import files, histograms, tables
    from novelty_maps.agreement.summary import at_a_glance, summarise
    from novelty_maps.agreement.terms import explain_agreement
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.pipeline.parts import image_shape, load_rows

    k, samples = metrics.k, metrics.bootstrap_samples
    generators = [np.random.default_rng([0, number]) for number in (0, 2, 3)]
    rows, (_, height, width) = load_rows("test"), image_shape()
    ranks = files.load_ranks(files.rank_paths(), len(rows), height * width)
    table = tables.image_table(ranks, rows, k=k, width=width)
    numbers = summarise(
        table, k=k, image_shape=(height, width), samples=samples, generator=generators[0]
    )
    explanation = explain_agreement(table, samples=samples, generator=generators[1])
    by_class = tables.by_class(table, k=k, samples=samples, generator=generators[2])
    agreements = histograms.agreement_histogram(table, k=k, pixels=height * width)
    distances = histograms.distance_histogram(table)
    with atomic.written_together():
        formats.write_table(files.PER_IMAGE, table)
        formats.write_table(files.BY_CLASS, by_class)
        formats.write_table(files.AGREEMENT_HISTOGRAM, agreements)
        formats.write_table(files.DISTANCE_HISTOGRAM, distances)
        formats.write_json(files.AGREEMENT_METRICS, numbers)
        formats.write_json(files.AGREEMENT_GLANCE, at_a_glance(numbers))
        formats.write_json(files.EXPLANATION, explanation)


if __name__ == "__main__":
    run(from_sections(main))
