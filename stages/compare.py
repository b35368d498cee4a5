"""Command `compare`: finished DVC experiments in one table, over their seeds.

It is no stage of dvc.yaml: the pipeline is one run, and this looks at several.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from stages.lib import paths
from stages.lib.cli import run


def main(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="Names of experiments; NAME stands for NAME, NAME-1, NAME-2 ... too.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder for the tables; docs/results/NAME by default.")
    ] = None,
    start: Annotated[
        str, typer.Option(help="Commit that the experiments were started from.")
    ] = "HEAD",
    branch: Annotated[
        Literal["pixels", "images", "localization"],
        typer.Option(
            help="pixels: maps and their agreement; images: scores and oracles; localization:"
            " maps against planted novelties."
        ),
    ] = "pixels",
) -> None:
    """Gather experiments into tables, one row a run and one a configuration.

    Of the branch about pixels these are runs.csv, summary.csv, by_class.csv, trajectory.csv and
    agreement_histogram.csv; of the branch about images detection.csv and detection_summary.csv; of
    that about localization localization.csv, localization_summary.csv, faithfulness.csv,
    randomization.csv and numbers.csv.
    Runs that differ in a seed alone, or about images in the normal classes too, are repetitions of
    one configuration: the summary has their mean, 95% interval and standard deviation.
    """
    from stages.lib import artifacts, experiments, localization_runs

    found = experiments.find_experiments(names, start=start)
    gather = {
        "pixels": experiments.pixel_tables,
        "images": experiments.image_tables,
        "localization": localization_runs.localization_tables,
    }[branch]
    tables, headline = gather(found)
    folder = output or paths.RESULTS / names[0]
    with artifacts.written_together():
        for name, table in tables.items():
            artifacts.write_table(folder / f"{name}.csv", table)
    print(headline.to_string(index=False))


if __name__ == "__main__":
    run(main)
