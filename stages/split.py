"""Stage `split`: which images are normal, novel, for training, for validation and for test."""

from typing import Annotated

import typer

from stages.lib import paths
from stages.lib.cli import DEFAULT_PARAMS, ParamsFile, integers, run


def main(
    protocol: Annotated[
        str | None, typer.Option(help="one_class or open_60_20_20 (parts merged and drawn anew).")
    ] = None,
    normal_classes: Annotated[
        str | None,
        typer.Option(help="Classes that are normal, separated by commas; all others are novel."),
    ] = None,
    validation_fraction: Annotated[
        float | None, typer.Option(help="Share of the non-test images that go to validation.")
    ] = None,
    test_fraction: Annotated[
        float | None,
        typer.Option(help="Share that goes to test where the data set has no official split."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the draws.")] = None,
    params: ParamsFile = DEFAULT_PARAMS,
) -> None:
    """Split the images by the protocol of one of the papers into an index table."""
    import numpy as np

    from stages.lib import artifacts
    from stages.lib.params import load_params
    from stages.lib.splits import one_class_split, open_split

    given = {
        "protocol": protocol,
        "normal_classes": integers(normal_classes),
        "validation_fraction": validation_fraction,
        "test_fraction": test_fraction,
        "seed": seed,
    }
    settings = load_params(params, split=given).split
    labels = artifacts.read_table(
        paths.RAW_LABELS, columns=["official_part"], integers=["label"], made_by="fetch"
    )
    label = labels["label"].to_numpy(np.int64)
    if settings.protocol == "open_60_20_20":
        table = open_split(label, normal_classes=settings.normal_classes, seed=settings.seed)
    else:
        table = one_class_split(
            label,
            labels["official_part"].to_numpy(str),
            normal_classes=settings.normal_classes,
            validation_fraction=settings.validation_fraction,
            test_fraction=settings.test_fraction,
            seed=settings.seed,
        )
    artifacts.write_table(paths.SPLIT, table)
    print(table.groupby(["part", "novel"], sort=False).size().rename("images").to_string())


if __name__ == "__main__":
    run(main)
