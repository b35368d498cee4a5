"""Stage `ranks`: what the comparison of the maps needs of each test image, whatever K is."""

from typing import Annotated

from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(metrics: Annotated[MetricsParams, reads("bootstrap_samples")]) -> None:
    """Order the pixels of error and saliency, draw the nulls, and average agreement over all K."""
    import numpy as np

    from novelty_maps.agreement import files, tables
    from novelty_maps.agreement.ranks import rank_maps
    from novelty_maps.maps.files import load_maps
    from novelty_maps.maps.names import COMPARED_MAPS
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.pipeline.parts import image_shape, load_boxes, load_rows
    from novelty_maps.statistics.groups import groups_of

    rows, (_, height, width) = load_rows("test"), image_shape()
    novel = rows["novel"].to_numpy() == 1
    maps = load_maps(COMPARED_MAPS, (len(rows), height, width))
    boxes = load_boxes(rows)
    ranks = rank_maps(maps, novel, generator=np.random.default_rng(1), boxes=boxes)
    by_k = tables.by_k(
        ranks,
        novel,
        width=width,
        samples=metrics.bootstrap_samples,
        generator=np.random.default_rng([0, 1]),
        groups=groups_of(rows),
    )
    with atomic.written_together():
        files.write_ranks(ranks, files.rank_paths())
        formats.write_table(files.AGREEMENT_BY_K, by_k)


if __name__ == "__main__":
    run(from_sections(main))
