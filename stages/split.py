"""Stage `split`: which images are normal, novel, for training, for validation and for test."""

from novelty_maps.params.split import SplitParams
from novelty_maps.pipeline.cli import run
from novelty_maps.pipeline.options import from_sections


def main(split: SplitParams) -> None:
    """Split the images by the protocol of one of the papers into an index table."""
    import numpy as np

    from novelty_maps.images.splits import class_labels, split_table
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.paths import RAW_LABELS, RAW_PROVENANCE, SPLIT

    found = formats.read_json(RAW_PROVENANCE, keys=["classes"], made_by="fetch")
    normal = class_labels(split.normal_classes, found["classes"])
    labels = formats.read_table(
        RAW_LABELS, columns=["official_part"], integers=["label"], made_by="fetch"
    )
    table = split_table(
        labels["label"].to_numpy(np.int64),
        labels["official_part"].to_numpy(str),
        names=found["classes"],
        **split.model_dump() | {"normal_classes": normal},
        groups=labels["group"].to_numpy(np.int64) if "group" in labels else None,
        group_names=found.get("groups", ()),
    )
    formats.write_table(SPLIT, table)
    print(table.groupby(["part", "novel"], sort=False).size().rename("images").to_string())


if __name__ == "__main__":
    run(from_sections(main))
