"""Stage `trajectory`: the comparison of the maps after each epoch whose weights were kept."""

from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections


def main(metrics: MetricsParams) -> None:
    """Compare the maps of the test images along training: train.keep_epochs and the best epoch."""
    import numpy as np
    import pandas as pd

    from novelty_maps.agreement import files
    from novelty_maps.agreement.tables import image_table
    from novelty_maps.agreement.trajectory import summary_row
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.parts import image_shape, load_rows

    rows, (_, height, width) = load_rows("test"), image_shape()
    table = []
    for network in files.read_networks().to_dict("records"):
        running = network["running"] == 1
        result = network["best"] == 1 and not running
        paths = files.rank_paths(None if result else network["epoch"], running=running)
        ranks = files.load_ranks(paths, len(rows), height * width)
        numbers = summary_row(
            image_table(ranks, rows, k=metrics.k, width=width),
            k=metrics.k,
            image_shape=(height, width),
            samples=metrics.bootstrap_samples,
            generator=np.random.default_rng([0, network["epoch"]]),
        )
        table.append(network | numbers)
    formats.write_table(files.TRAJECTORY, pd.DataFrame(table))


if __name__ == "__main__":
    run(from_sections(main))
