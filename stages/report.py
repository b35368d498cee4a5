"""Stage `report`: the page of the run, one file that opens without a network.

`dvc repro` has made all results before. By hand, after one question alone, the page leaves out a
question whose results are not there or are of another split, and says so.
"""

from typing import TYPE_CHECKING

from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import ParamsFile
from novelty_maps.pipeline.paths import PARAMS

if TYPE_CHECKING:
    import pandas as pd

    from novelty_maps.page.parts import Part
    from novelty_maps.params.plots import PlotsParams
    from novelty_maps.pipeline.rows import Images


def main(params: ParamsFile = PARAMS) -> None:
    """Put the numbers, images, maps, curves and tables of this run on one page."""
    from novelty_maps.page.facts import run_facts
    from novelty_maps.page.files import REPORT
    from novelty_maps.page.parts import whole_page
    from novelty_maps.page.render import page_html
    from novelty_maps.params.whole import load_params
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.parts import load_part
    from novelty_maps.pipeline.paths import RAW_PROVENANCE

    loaded = load_params(params)
    images, rows = load_part("test")
    classes = formats.read_json(RAW_PROVENANCE, keys=["classes"], made_by="fetch")["classes"]
    parts = {
        "agreement": _agreement(images, rows, classes, loaded.plots),
        "localization": _localization(images, loaded.plots),
        "representation": _representation(rows),
    }
    page = whole_page(
        parts, facts=run_facts(loaded, rows, classes=classes), settings=loaded.model_dump()
    )
    formats.write_text(REPORT, page_html(page))


def _agreement(
    images: "Images", rows: "pd.DataFrame", classes: list[str], plots: "PlotsParams"
) -> "Part | None":
    from novelty_maps.agreement import files
    from novelty_maps.figures.examples import MARKED_MAPS
    from novelty_maps.maps.files import load_maps, load_reconstructions
    from novelty_maps.page.facts import belongs
    from novelty_maps.page.parts import agreement_part
    from novelty_maps.pipeline import formats

    if not files.PER_IMAGE.exists() or not belongs(per_image := files.read_per_image(), rows):
        return None
    return agreement_part(
        formats.read_json(files.AGREEMENT_METRICS, keys=["k"], made_by="metrics"),
        per_image,
        files.read_by_k(),
        images,
        load_reconstructions(images.shape),
        load_maps(MARKED_MAPS, (len(images), *images.shape[2:])),
        classes=classes,
        colormap=plots.colormap,
        seed=plots.seed,
    )


def _localization(images: "Images", plots: "PlotsParams") -> "Part | None":
    from novelty_maps.figures.shown import over_all
    from novelty_maps.localization import files
    from novelty_maps.page.facts import planted_into
    from novelty_maps.page.parts import localization_part
    from novelty_maps.planting.planted import load_planted

    if not files.LOCALIZED_IMAGES.exists():
        return None
    planted = load_planted("test")
    if not planted_into(planted, images):
        return None
    table = files.read_localization()
    maps = {
        method: files.load_planted_map("test", "after", method, planted)
        for method in over_all(table)["method"]
    }
    return localization_part(
        table,
        files.read_localized_images(),
        planted,
        maps,
        colormap=plots.colormap,
        seed=plots.seed,
    )


def _representation(rows: "pd.DataFrame") -> "Part | None":
    from novelty_maps.page.facts import belongs
    from novelty_maps.page.parts import representation_part
    from novelty_maps.representation import files

    if not files.SCORES.exists() or not belongs(scores := files.read_scores(), rows):
        return None
    return representation_part(files.read_detection(), scores)


if __name__ == "__main__":
    run(main)
