"""Stage `survey`: the whole data set, read and split once before anything of it is replaced.

DVC deletes what `fetch` and `split` have made before it runs them. An image that cannot be read, a
file that is missing or a class that is too small is therefore found here, by the same functions.
"""

from novelty_maps.params.data import DataParams
from novelty_maps.params.split import SplitParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections


def main(data: DataParams, split: SplitParams) -> None:
    """Read the data set as `fetch` will and split it as `split` will, and count what is there.

    A published data set that is not at hand is downloaded.
    """
    from novelty_maps.machine import runtime

    runtime.prepare()

    from novelty_maps.images.datasets import load
    from novelty_maps.images.splits import class_labels, split_table
    from novelty_maps.images.survey import survey_of
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.paths import SURVEY

    dataset = load(data)
    normal = class_labels(split.normal_classes, dataset.classes)
    table = split_table(
        dataset.labels,
        dataset.official_part,
        names=dataset.classes,
        **split.model_dump() | {"normal_classes": normal},
        groups=dataset.groups if len(dataset.groups) else None,
        group_names=dataset.group_names,
    )
    formats.write_json(SURVEY, survey_of(dataset, table, name=data.name))


if __name__ == "__main__":
    run(from_sections(main))
