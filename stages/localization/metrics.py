"""Stage `localization_metrics`: the headline of localization, and what disagreement tells."""

from typing import Annotated

from novelty_maps.params.metrics import MetricsParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections, reads


def main(metrics: Annotated[MetricsParams, reads("k")]) -> None:
    """Ask whether images on which r and s disagree are those on which they miss the novelty."""
    import numpy as np

    from novelty_maps.localization import files
    from novelty_maps.localization.disagreement import disagreement, image_table
    from novelty_maps.localization.summary import at_a_glance
    from novelty_maps.pipeline import atomic, formats
    from novelty_maps.planting.planted import load_planted

    test = load_planted("test")
    after = {
        method: np.abs(files.load_planted_map("test", "after", method, test))
        for method in files.COMPARED
    }
    found = files.load_compared(len(test.table))
    images = image_table(test.table, found, after, k=metrics.k, boxes=test.boxes_after)
    numbers = files.read_headline() | {"disagreement": disagreement(images)}
    with atomic.written_together():
        formats.write_json(files.LOCALIZATION_METRICS, numbers)
        formats.write_json(files.LOCALIZATION_GLANCE, at_a_glance(numbers))


if __name__ == "__main__":
    run(from_sections(main))
