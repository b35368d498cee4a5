"""Stage `metrics`: how well reconstruction error and saliency agree, with intervals and tests."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, run


def main(
    k: Annotated[
        int | None, typer.Option(help="K of top-K agreement and of distance to best match.")
    ] = None,
    bootstrap_samples: Annotated[
        int | None, typer.Option(help="Resamplings behind each 95% interval.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of bootstrap and chance level.")] = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Compute agreement, distance to best match, scaled-map error, their tests and intervals."""
    import numpy as np

    from stages.lib import artifacts, summary
    from stages.lib.images import load_part
    from stages.lib.params import load_params

    given = {"k": k, "bootstrap_samples": bootstrap_samples, "seed": seed}
    settings = load_params(params, metrics=given).metrics
    images, rows = load_part("test")
    maps = {}
    for method in ("reconstruction_error", "saliency"):
        path = paths.map_path(method)
        maps[method] = artifacts.read_array(
            path, shape=(len(rows), *images.shape[2:]), dtype=np.float32, made_by="maps"
        )

    table, curves = summary.compare_maps(**maps, k=settings.k)
    table = rows[["row", "source_row", "label", "novel"]].join(table)
    table.insert(
        4, "reconstruction_loss", summary.reconstruction_loss(maps["reconstruction_error"])
    )
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
    with artifacts.written_together():
        artifacts.write_table(paths.PER_IMAGE, table)
        artifacts.write_table(paths.AGREEMENT_BY_K, by_k)
        artifacts.write_json(paths.AGREEMENT_METRICS, numbers)


if __name__ == "__main__":
    run(main)
