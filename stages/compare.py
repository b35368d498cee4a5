"""Command `compare`: finished DVC experiments in one table, over their seeds.

It is no stage of dvc.yaml: the pipeline is one run, and this looks at several.
"""

from pathlib import Path
from typing import Annotated

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
) -> None:
    """Gather experiments into runs.csv, summary.csv, by_class.csv, trajectory.csv and a histogram.

    Experiments that differ in a seed alone are repetitions of one configuration: summary.csv has
    their mean, 95% interval and standard deviation.
    """
    import pandas as pd

    from stages.lib import artifacts, experiments

    found = experiments.find_experiments(names, start=start)
    settings = experiments.varied_settings(found)
    metrics = pd.DataFrame([experiments.read_metrics(experiment) for experiment in found])
    tables = {
        "runs": settings.join(metrics),
        "summary": experiments.over_seeds(settings, metrics),
    }
    for path in (paths.BY_CLASS, paths.TRAJECTORY, paths.AGREEMENT_HISTOGRAM):
        parts = [
            settings.iloc[[i]].merge(experiments.read_table(experiment, path), how="cross")
            for i, experiment in enumerate(found)
        ]
        tables[path.stem] = pd.concat(parts)
    folder = output or paths.RESULTS / names[0]
    with artifacts.written_together():
        for name, table in tables.items():
            artifacts.write_table(folder / f"{name}.csv", table)
    headline = tables["summary"].query("metric in @experiments.HEADLINE")
    print(headline.to_string(index=False))


if __name__ == "__main__":
    run(main)
