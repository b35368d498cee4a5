"""Command `python -m studies`: several runs of the pipeline that answer one question.

It is no stage of dvc.yaml: the pipeline is one run, and this looks at several.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from novelty_maps.pipeline import cli
from studies.paths import RESULTS

if TYPE_CHECKING:
    from studies.definition import Question

Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, show_default="2", help="Runs at a time on this machine, each on one thread."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="auto|HOST:PORT",
        help="Run on this Ray cluster instead; auto is the one that this machine belongs to.",
    ),
]
GitRemote = Annotated[
    str | None,
    typer.Option(
        metavar="REMOTE",
        show_default="origin",
        help="Git remote that the cluster's machines share.",
    ),
]
DvcRemote = Annotated[
    str | None,
    typer.Option(
        metavar="REMOTE",
        show_default="store",
        help="DVC remote that the cluster's machines share.",
    ),
]
Gpus = Annotated[
    float | None,
    typer.Option(
        min=0, show_default="0", help="GPUs of each run on the cluster; two share one with 0.5."
    ),
]
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME",
        help="A study, or names of experiments: NAME stands for NAME, NAME-1, NAME-2 ... too.",
    ),
]
Asked = Annotated[
    Literal["agreement", "localization", "representation"] | None,
    typer.Option(help="Which tables: those of the study's question, or agreement by default."),
]
Start = Annotated[str, typer.Option(help="Commit that the experiments were started from.")]


def run(
    name: Annotated[str, typer.Argument(help="Name of a study: a file in studies/definitions.")],
    jobs: Jobs = None,
    changed: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of all runs; can be repeated."),
    ] = None,
    address: Address = None,
    git: GitRemote = None,
    remote: DvcRemote = None,
    gpus: Gpus = None,
) -> None:
    """Run a study as DVC experiments, and gather its tables into studies/results/NAME.

    Run again, finished stages come from DVC's cache and interrupted training goes on; on a
    cluster, finished runs are not run again.
    """
    from novelty_maps.pipeline.paths import PARAMS
    from novelty_maps.pipeline.section import read_yaml
    from stages.check import require_possible
    from stages.check_network import fitting
    from studies.cluster import Places, run_on_cluster
    from studies.runner import fetch_figures, run_study
    from studies.study import load_study, parse_settings

    _require_of_the_place(address, jobs, {"--git": git, "--remote": remote, "--gpus": gpus})
    study = load_study(name)
    runs = study.runs(parse_settings(changed or []))
    sections = read_yaml(PARAMS)
    for each in runs:
        params = each.params(sections)
        require_possible(params)
        fitting(params.train, (1, params.data.image_size, params.data.image_size))
    if address is None:
        start = run_study(study, runs, jobs=jobs or 2)
    else:
        places = Places(git or "origin", remote or "store")
        start = run_on_cluster(study, runs, places, address=address, gpus=gpus or 0)
    compare([name], start=start)
    if study.definition.figures:
        shared = None if address is None else places.remote
        fetch_figures(study.definition.figures, start=start, remote=shared)


def _require_of_the_place(
    address: str | None, jobs: int | None, of_cluster: dict[str, str | float | None]
) -> None:
    """Raise InputError for an option that where the study runs does not have."""
    from novelty_maps.pipeline.errors import InputError

    if address is not None and jobs is not None:
        raise InputError("--jobs is of this machine alone: leave it out with --address")
    given = [option for option, value in of_cluster.items() if value is not None]
    if address is None and given:
        raise InputError(f"{given[0]} is of a cluster alone: leave it out, or give --address")


def compare(
    names: Names,
    question: Asked = None,
    start: Start = "HEAD",
    output: Annotated[
        Path | None, typer.Option(help="Folder for the tables; studies/results/NAME by default.")
    ] = None,
) -> None:
    """Gather finished experiments into tables, one row a run and one a configuration.

    Of agreement these are runs.csv, summary.csv, by_class.csv, trajectory.csv and
    agreement_histogram.csv; of localization localization.csv, localization_summary.csv,
    faithfulness.csv, randomization.csv, reinitialised.csv, numbers.csv and run_numbers.csv; of
    representation detection.csv and detection_summary.csv. Runs that differ in a seed alone, or
    about representation in the normal classes too, are repetitions of one configuration: the
    summary has their mean, 95% interval and standard deviation.
    """
    from novelty_maps.pipeline import atomic, formats
    from studies.experiments import find_experiments
    from studies.tables import GATHER

    experiments, _, asked = _meant(names, question)
    tables, headline = GATHER[asked](find_experiments(experiments, start=start))
    folder = output or RESULTS / names[0]
    with atomic.written_together():
        for name, table in tables.items():
            formats.write_table(folder / f"{name}.csv", table)
    print(headline.to_string(index=False))


def page(
    names: Names,
    question: Asked = None,
    start: Start = "HEAD",
    output: Annotated[
        Path | None, typer.Option(help="The file; build/NAME.html by default.")
    ] = None,
    remote: Annotated[
        str | None,
        typer.Option(
            metavar="REMOTE",
            show_default="DVC's default",
            help="DVC remote that has the images that are not here.",
        ),
    ] = None,
) -> None:
    """Compare finished experiments on a page that opens without a network.

    It has the settings that differ, the numbers with their intervals, and the same images under
    each run, which DVC's cache or a DVC remote has. Of a study without experiments here the tables
    in studies/results/NAME are shown.
    """
    from novelty_maps.page.render import page_html
    from novelty_maps.pipeline import formats
    from novelty_maps.pipeline.errors import InputError
    from studies.experiments import commit_of, find_experiments
    from studies.page import page_of_experiments, page_of_results

    experiments, title, asked = _meant(names, question)
    if start != "HEAD":  # which an unpacked archive lacks
        commit_of(start)
    try:
        found = find_experiments(experiments, start=start)
    except InputError:
        if len(names) > 1 or not (RESULTS / names[0]).is_dir():
            raise
        compared = page_of_results(RESULTS / names[0], question=asked, title=title)
    else:
        compared = page_of_experiments(found, question=asked, title=title, remote=remote)
    for sentence in compared.left_out:
        print(sentence)
    file = output or Path("build", f"{names[0]}.html")
    formats.write_text(file, page_html(compared))
    print(f"In a browser: {file.absolute()}")


def _meant(names: list[str], question: "Question | None") -> tuple[list[str], str, "Question"]:
    """Names of the experiments that are meant, what is asked of them, and by which tables."""
    from studies.study import load_studies

    studies = load_studies()
    experiments = [
        part for name in names for part in (studies[name].parts if name in studies else [name])
    ]
    first = studies.get(names[0])
    asked = question or (first.definition.question if first else "agreement")
    title = first.definition.says if first and len(names) == 1 else ", ".join(names)
    return experiments, title, asked


def report() -> None:
    """Write the pages and figures in docs and the answers in the README, from studies/results."""
    from studies.report import write_report

    write_report()


def list_studies() -> None:
    """Name every study, with its runs and what it asks."""
    from studies.study import load_studies

    studies = load_studies()
    width = max(map(len, studies))
    for name, study in studies.items():
        runs = len(study.runs())
        print(
            f"{name:{width}}  {runs:2} {'runs' if runs > 1 else 'run ':4}  {study.definition.says}"
        )


if __name__ == "__main__":
    cli.run(run, compare=compare, page=page, report=report, list=list_studies)
